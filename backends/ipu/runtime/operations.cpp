// Parts 1 and 2 of tensor operations.
#include "operations.hpp"
#include "costs.hpp"
#include "host.hpp"
#include "parts.hpp"

#include <poputil/VertexTemplates.hpp>

namespace axonc {

using poplar::VertexRef;

Tensor addStored(Graph &graph, Store &store, const std::string &name, const Type &type, std::size_t elements,
                 unsigned tile) {
  const Tensor values = addOnTile(graph, type, name, tile, elements);
  store.upload(graph, values, name);
  return values;
}

Operand addOperand(Graph &graph, Store &store, const std::string &name, unsigned taps, const Population &target) {
  const Layout &layout = target.layout;
  const std::vector<unsigned> numbers = store.numbers(2 + 2 * std::size_t{layout.tiles()});
  Operand made;
  made.step = numbers[1];
  std::vector<std::size_t> sizes;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    made.begins.push_back(numbers[2 + 2 * tile]);
    made.ends.push_back(numbers[3 + 2 * tile]);
    sizes.push_back(numbers[0] == 0 ? layout.count(tile) : 0);
  }
  made.places = addPieces(graph, poplar::UNSIGNED_INT, name + "/places", layout.firstTile, sizes);
  made.taps = addPieces(graph, poplar::UNSIGNED_INT, name + "/taps", layout.firstTile,
                        std::vector<std::size_t>(layout.tiles(), taps));
  store.upload(graph, made.places, name + "/places");
  store.upload(graph, made.taps, name + "/taps");
  return made;
}

namespace {

// Connects the fields of an operand, whose names end with `letter`; without `given`, with nothing of the types of `like`.
void connectOperand(Graph &graph, VertexRef vertex, char letter, const Given *given, const Given &like, bool listed,
                    const Layout &layout, unsigned tile) {
  const std::string small(1, letter);
  const std::string large(1, static_cast<char>(letter - 'a' + 'A'));
  const Operand &operand = *(given == nullptr ? like : *given).operand;
  const Tensor none = operand.places.slice(0, 0);
  graph.connect(vertex[small], given == nullptr ? like.values.slice(0, 0)
                                                : given->values.slice(operand.begins[tile], operand.ends[tile]));
  graph.connect(vertex["places" + large], given == nullptr ? none : partOf(operand.places, layout, tile));
  graph.setInitialValue(vertex["step" + large], operand.step);
  if (listed) {
    graph.connect(vertex["taps" + large], equalPart(operand.taps, layout, tile));
  }
}

} // namespace

void operate(Graph &graph, ComputeSet set, const Codelet &codelet, const Population &target,
             const std::vector<Given> &operands) {
  const Layout &layout = target.layout;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    const VertexRef vertex = graph.addVertex(set, codelet.type, {{"sent", partOf(target.sent, layout, tile)}});
    for (unsigned i = 0; i < codelet.operands; ++i) {
      const Given *given = i < operands.size() ? &operands[i] : nullptr;
      connectOperand(graph, vertex, static_cast<char>('a' + i), given, operands[0], i < codelet.listed, layout, tile);
    }
    if (codelet.counts) {
      graph.connect(vertex["clipped"], equalPart(target.clipped, layout, tile));
    }
    for (const auto &[field, value] : codelet.numbers) {
      graph.setInitialValue(vertex[field], value);
    }
    place(graph, vertex, layout.firstTile + tile, codelet.each * shareOf(layout.count(tile)));
  }
}

void findValues(Graph &graph, ComputeSet set, const Population &population) {
  const Layout &layout = population.layout;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    const VertexRef vertex = graph.addVertex(set, "axonc::FindValues",
                                             {{"values", partOf(population.sent, layout, tile)},
                                              {"found", equalPart(population.found, layout, tile)}});
    graph.setInitialValue(vertex["first"], layout.first(tile));
    graph.setInitialValue(vertex["words"], population.events.words());
    place(graph, vertex, layout.firstTile + tile, RECORD * shareOf(layout.count(tile)));
  }
}

Tensor addLate(Graph &graph, ComputeSet set, const std::string &name, const Tensor &values, Layout layout,
               unsigned steps, Between &between) {
  std::vector<std::size_t> sizes;
  std::vector<std::size_t> rings;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    sizes.push_back(layout.count(tile));
    rings.push_back(std::size_t{layout.count(tile)} * (steps - 1));
  }
  const Type type = values.elementType();
  const Tensor late = addPieces(graph, type, name, layout.firstTile, sizes);
  const Tensor ring = addPieces(graph, type, name + "/ring", layout.firstTile, rings);
  const Tensor turn = addPieces(graph, poplar::UNSIGNED_INT, name + "/turn", layout.firstTile,
                                std::vector<std::size_t>(layout.tiles(), 1));
  std::size_t begin = 0;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    const VertexRef vertex = graph.addVertex(set, poputil::templateVertex("axonc::LateValues", type),
                                             {{"values", partOf(values, layout, tile)},
                                              {"late", partOf(late, layout, tile)},
                                              {"ring", ring.slice(begin, begin + rings[tile])},
                                              {"turn", turn[tile]}});
    begin += rings[tile];
    place(graph, vertex, layout.firstTile + tile, 2 * MOVED * layout.count(tile));
  }
  between.cleared.insert(between.cleared.end(), {late, ring, turn});
  between.kept.push_back(ring);
  return late;
}

} // namespace axonc
