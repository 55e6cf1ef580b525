// Part 2: what projections add up, and lists of events: one vertex for each tile and thing to do. Estimates of cycles count the instructions of the busiest worker,
// which issues one in six cycles, at the number of events that a list expects.
#include "network.hpp"
#include "codelets/workers.hpp"
#include "costs.hpp"
#include "parts.hpp"

#include <algorithm>
#include <poputil/VertexTemplates.hpp>
#include <utility>

namespace axonc {

using poplar::VertexRef;

namespace {

// What a projection has for a tile.
Tensor pieceOf(const Tensor &tensor, const Projection &projection, unsigned tile) {
  return tensor.slice(projection.begins[tile], projection.begins[tile + 1]);
}

// Where a projection puts its sums on a tile.
Tensor sumsOf(const Population &target, unsigned tile, unsigned slot) {
  const std::size_t size = std::size_t{target.layout.count(tile)} * target.kind.lanes;
  const std::size_t each = std::size_t{target.kind.projections} * target.kind.lanes;
  return partOf(target.sums, target.layout, tile, each).slice(slot * size, (slot + 1) * size);
}

// Adds a vertex of rows of weights to every tile of a target. `field`: the name under which it reads `source`;
// `instructions`: of a worker with so many targets.
template <class Instructions>
void addRowVertices(Graph &graph, ComputeSet set, const std::string &type, const char *field, const Tensor &source,
                    const Projection &projection, const Population &target, unsigned slot,
                    Instructions instructions) {
  for (unsigned tile = 0; tile < target.layout.tiles(); ++tile) {
    const Tensor weights = pieceOf(projection.weights, projection, tile);
    const Tensor sums = sumsOf(target, tile, slot);
    const Tensor bias = partOf(projection.bias, target.layout, tile, target.kind.lanes);
    const VertexRef vertex =
        graph.addVertex(set, type, {{field, source}, {"weights", weights}, {"bias", bias}, {"sums", sums}});
    graph.setInitialValue(vertex["stride"], static_cast<unsigned>(weights.numElements() / projection.sources));
    place(graph, vertex, target.layout.firstTile + tile, instructions(shareOf(sums.numElements())));
  }
}

// Adds a vertex that joins so many lists, which lie in `found` side by side.
void join(Graph &graph, ComputeSet set, const Population &population, const Tensor &found, std::size_t lists,
          const Tensor &list, const Tensor &counts, unsigned tile, std::uint64_t expected) {
  const VertexRef vertex = graph.addVertex(set, ofWord("axonc::Gather", population),
                                           {{"found", found}, {"events", list}, {"counts", counts}});
  graph.setInitialValue(vertex["stride"], static_cast<unsigned>(found.numElements() / lists));
  graph.setInitialValue(vertex["words"], population.events.words());
  place(graph, vertex, tile, RECORD * lists + MOVED * population.events.words() * expected);
}

} // namespace

void sumEvents(Graph &graph, ComputeSet set, const Events &events, const Projection &projection,
               const Population &target, unsigned slot) {
  const std::string type = poputil::templateVertex("axonc::EventRows", projection.weights.elementType(),
                                                   events.list.elementType(), target.kind.sum, events.value);
  addRowVertices(graph, set, type, "events", events.list, projection, target, slot,
                 [&](std::uint64_t targets) { return events.expected * (RECORD + WEIGHT * targets); });
}

void sumValues(Graph &graph, ComputeSet set, const Tensor &values, const Projection &projection,
               const Population &target, unsigned slot) {
  const std::string type = poputil::templateVertex("axonc::DenseRows", projection.weights.elementType(),
                                                   values.elementType(), target.kind.sum);
  addRowVertices(graph, set, type, "values", values, projection, target, slot, [&](std::uint64_t targets) {
    return projection.sources * ((targets + 3) / 4) * (VALUE + 4 * HELD);
  });
}

void sumSynapses(Graph &graph, ComputeSet set, const Events &events, const Projection &projection,
                 const Population &target, unsigned slot) {
  const std::string type = poputil::templateVertex("axonc::SparseRows", projection.weights.elementType(),
                                                   events.list.elementType(), target.kind.sum, events.value);
  for (unsigned tile = 0; tile < target.layout.tiles(); ++tile) {
    const Tensor weights = pieceOf(projection.weights, projection, tile);
    const VertexRef vertex = graph.addVertex(set, type,
                                             {{"events", events.list},
                                              {"starts", equalPart(projection.starts, target.layout, tile)},
                                              {"targets", pieceOf(projection.targets, projection, tile)},
                                              {"weights", weights},
                                              {"bias", partOf(projection.bias, target.layout, tile, target.kind.lanes)},
                                              {"sums", sumsOf(target, tile, slot)}});
    const std::uint64_t reached = weights.numElements() * events.expected / projection.sources;
    const std::uint64_t own = reached / WORKERS + 1;
    place(graph, vertex, target.layout.firstTile + tile, events.expected * RECORD + PASSED * reached + SYNAPSE * own);
  }
}

void sumKernel(Graph &graph, ComputeSet set, const Events &events, const Projection &projection,
               const Population &target, unsigned slot) {
  const std::string type = poputil::templateVertex("axonc::KernelRows", projection.weights.elementType(),
                                                   events.list.elementType(), target.kind.sum, events.value);
  const Layout &layout = target.layout;
  const Kernel &kernel = projection.kernel;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    const Tensor rows = projection.rows.slice(projection.rowBegins[tile], projection.rowBegins[tile + 1]);
    const Tensor columns = equalPart(projection.columns, layout, tile);
    const Range channels = channelsOf(kernel, layout.first(tile), layout.count(tile));
    const VertexRef vertex = graph.addVertex(set, type,
                                             {{"events", events.list},
                                              {"rows", rows},
                                              {"columns", columns},
                                              {"weights", pieceOf(projection.weights, projection, tile)},
                                              {"bias", partOf(projection.bias, layout, tile)},
                                              {"sums", sumsOf(target, tile, slot)}});
    const std::pair<const char *, unsigned> numbers[] = {
        {"first", layout.first(tile)},         {"channel", channels.begin},
        {"channels", channels.end},            {"inputs", kernel.inputs},
        {"outputs", kernel.outputs},           {"sourceRows", kernel.sourceRows},
        {"sourceColumns", kernel.sourceColumns}, {"targetRows", kernel.targetRows},
        {"targetColumns", kernel.targetColumns}, {"taps", kernel.tapRows * kernel.tapColumns},
        {"tapColumns", kernel.tapColumns}};
    for (const auto &[field, value] : numbers) {
      graph.setInitialValue(vertex[field], value);
    }
    const std::uint64_t lines = (rows.numElements() - kernel.sourceRows - 1) / 2 * (channels.end - channels.begin);
    const std::uint64_t across = (columns.numElements() - kernel.sourceColumns - 1) / 2;
    const std::uint64_t places = std::uint64_t{kernel.sourceRows} * kernel.sourceColumns;
    const std::uint64_t reached = lines * across * events.expected / places;
    const std::uint64_t own = reached / WORKERS + 1;
    place(graph, vertex, layout.firstTile + tile, events.expected * PLACE + PASSED * reached + SYNAPSE * own);
  }
}

void gather(Graph &graph, ComputeSet set, const Population &population) {
  const std::size_t lists = std::size_t{WORKERS} * population.layout.tiles();
  const Events &events = population.events;
  join(graph, set, population, population.found, lists, events.list, population.counts, events.tile, events.expected);
}

void gatherGroups(Graph &graph, ComputeSet groups, ComputeSet set, const Population &population, unsigned tiles,
                  Between &between) {
  const Layout &layout = population.layout;
  const Events &events = population.events;
  const Type word = events.list.elementType();
  const std::size_t size = (1 + std::size_t{tiles} * layout.perTile * events.words() + 1) / 2 * 2;
  const std::size_t each = population.found.numElements() / layout.tiles();
  std::vector<std::size_t> sizes(layout.tiles());
  for (unsigned begin = 0; begin < layout.tiles(); begin += tiles) {
    sizes[begin] = size;
  }
  const Tensor joined = addPieces(graph, word, population.name + "/joined", layout.firstTile, sizes);
  const std::size_t count = joined.numElements() / size;
  for (unsigned group = 0; group < count; ++group) {
    const unsigned begin = group * tiles;
    const unsigned end = std::min(begin + tiles, layout.tiles());
    const Tensor found = population.found.slice(begin * each, end * each);
    const Tensor list = joined.slice(group * size, (group + 1) * size);
    join(graph, groups, population, found, std::size_t{WORKERS} * (end - begin), list, population.counts.slice(0, 0),
         layout.firstTile + begin, events.expected / count);
  }
  join(graph, set, population, joined, count, events.list, population.counts, events.tile, events.expected);
  between.cleared.push_back(joined);
}

Events addDelay(Graph &graph, ComputeSet set, const std::string &name, const Events &events, unsigned steps,
                Between &between) {
  const Type word = events.list.elementType();
  const std::size_t size = events.list.numElements();
  const Tensor ring = addOnTile(graph, word, name + "/ring", events.tile, (steps - 1) * size);
  const Tensor turn = addOnTile(graph, poplar::UNSIGNED_INT, name + "/turn", events.tile, 1);
  const Events late = addEvents(graph, word, name, events);
  const VertexRef vertex = graph.addVertex(set, poputil::templateVertex("axonc::Delay", word),
                                           {{"events", events.list},
                                            {"late", late.list},
                                            {"ring", ring},
                                            {"turn", turn[0]}});
  graph.setInitialValue(vertex["words"], events.words());
  place(graph, vertex, events.tile, 2 * MOVED * events.words() * events.expected);
  between.cleared.insert(between.cleared.end(), {late.list, ring, turn});
  between.kept.push_back(ring);
  return late;
}

} // namespace axonc
