// Part 1: tensors, and the tiles that hold them.
#include "host.hpp"
#include "codelets/workers.hpp"

#include <numeric>

namespace axonc {

namespace {

// For each tile of a population, `each` elements a neuron.
std::vector<std::size_t> sizesOf(const Layout &layout, std::size_t each) {
  std::vector<std::size_t> sizes;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    sizes.push_back(layout.count(tile) * each);
  }
  return sizes;
}

std::vector<std::size_t> beginsOf(const std::vector<std::size_t> &sizes) {
  std::vector<std::size_t> begins{0};
  for (const std::size_t size : sizes) {
    begins.push_back(begins.back() + size);
  }
  return begins;
}

std::size_t roundedUp(std::size_t value, std::size_t unit) { return (value + unit - 1) / unit * unit; }

// Words of the list of a worker, whole pairs of them.
std::size_t listWords(const Layout &layout, unsigned words) {
  return roundedUp(1 + std::size_t{shareOf(layout.perTile)} * words, 2);
}

} // namespace

Range channelsOf(const Kernel &kernel, unsigned first, unsigned count) {
  const unsigned plane = kernel.targetRows * kernel.targetColumns;
  return {first / plane, (first + count - 1) / plane + 1};
}

Tensor addPieces(Graph &graph, const Type &type, const std::string &name, unsigned firstTile,
                 const std::vector<std::size_t> &sizes) {
  const std::size_t total = std::accumulate(sizes.begin(), sizes.end(), std::size_t{0});
  const Tensor tensor = graph.addVariable(type, {total}, name);
  std::size_t begin = 0;
  for (unsigned tile = 0; tile < sizes.size(); ++tile) {
    graph.setTileMapping(tensor.slice(begin, begin + sizes[tile]), firstTile + tile);
    begin += sizes[tile];
  }
  return tensor;
}

Tensor addOnTile(Graph &graph, const Type &type, const std::string &name, unsigned tile, std::size_t elements) {
  return addPieces(graph, type, name, tile, {elements});
}

Events addEvents(Graph &graph, const Type &word, const std::string &name, Events events) {
  const std::size_t size = events.capacity == 0 ? 0 : 1 + std::size_t{events.capacity} * events.words();
  events.list = addOnTile(graph, word, name + "/events", events.tile, size);
  return events;
}

Source addSource(Graph &graph, const std::string &name, const Type &word, Events events, const Type &type,
                 std::size_t values) {
  return {name, addEvents(graph, word, name, events), addOnTile(graph, type, name + "/values", events.tile, values)};
}

Population addPopulation(Graph &graph, Store &store, const std::string &name, Layout layout, Kind kind,
                         const Type &word, Events events) {
  const auto spread = [&](const Type &type, const char *what, std::size_t each) {
    return addPieces(graph, type, name + what, layout.firstTile, sizesOf(layout, each));
  };
  const auto onEach = [&](const Type &type, const char *what, std::size_t elements) {
    return addPieces(graph, type, name + what, layout.firstTile,
                     std::vector<std::size_t>(layout.tiles(), elements));
  };
  const std::size_t list = events.capacity == 0 ? 0 : WORKERS * listWords(layout, events.words());
  Population made{name, layout, kind, addEvents(graph, word, name, events), {}, {}, {}, {}, {}, {}, {}, {}, {}, {}};
  made.sums = spread(kind.sum, "/sums", std::size_t{kind.projections} * kind.lanes);
  made.parameters = kind.shared ? onEach(kind.state, "/parameters", kind.parameters)
                                : spread(kind.state, "/parameters", kind.parameters);
  made.voltage = spread(kind.state, "/voltage", kind.states > 0 ? 1 : 0);
  made.current = spread(kind.state, "/current", kind.states > 1 ? 1 : 0);
  made.sent = spread(kind.sent, "/sent", kind.sends ? 1 : 0);
  made.clipped = onEach(poplar::UNSIGNED_INT, "/clipped", WORKERS);
  made.found = onEach(word, "/found", list);
  made.counts = addOnTile(graph, poplar::UNSIGNED_INT, name + "/counts", events.tile, 2);
  made.shifts = spread(poplar::UNSIGNED_CHAR, "/shifts", kind.shifted ? kind.projections : 0);
  made.levels = onEach(poplar::FLOAT, "/levels", kind.levels == 0 ? 0 : 2 * kind.levels - 1);
  store.upload(graph, made.parameters, name + "/parameters");
  store.upload(graph, made.shifts, name + "/shifts");
  store.upload(graph, made.levels, name + "/levels");
  return made;
}

Projection addRows(Graph &graph, Store &store, const std::string &name, const Type &weight, unsigned sources,
                   const Population &target) {
  const Layout &layout = target.layout;
  const std::size_t unit = 4 / graph.getTarget().getTypeSize(weight);
  std::vector<std::size_t> sizes;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    sizes.push_back(sources * roundedUp(std::size_t{layout.count(tile)} * target.kind.lanes, unit));
  }
  Projection made{sources, beginsOf(sizes), {}, {}, {}, {}};
  made.weights = addPieces(graph, weight, name + "/weights", layout.firstTile, sizes);
  store.upload(graph, made.weights, name + "/weights");
  return made;
}

Tensor addBias(Graph &graph, Store &store, const std::string &name, const Population &target, bool has) {
  const std::vector<std::size_t> sizes = sizesOf(target.layout, has ? target.kind.lanes : 0);
  const Tensor bias = addPieces(graph, target.kind.sum, name + "/bias", target.layout.firstTile, sizes);
  if (has) {
    store.upload(graph, bias, name + "/bias");
  }
  return bias;
}

Projection addSynapses(Graph &graph, Store &store, const std::string &name, const Type &weight, unsigned sources,
                       const Population &target) {
  const Layout &layout = target.layout;
  std::vector<std::size_t> sizes;
  for (const unsigned synapses : store.numbers(layout.tiles())) {
    sizes.push_back(roundedUp(synapses, 4));
  }
  const std::vector<std::size_t> starts(layout.tiles(), std::size_t{sources} + 1);
  Projection made{sources, beginsOf(sizes), {}, {}, {}, {}};
  made.starts = addPieces(graph, poplar::UNSIGNED_INT, name + "/starts", layout.firstTile, starts);
  made.targets = addPieces(graph, poplar::UNSIGNED_SHORT, name + "/targets", layout.firstTile, sizes);
  made.weights = addPieces(graph, weight, name + "/weights", layout.firstTile, sizes);
  store.upload(graph, made.starts, name + "/starts");
  store.upload(graph, made.targets, name + "/targets");
  store.upload(graph, made.weights, name + "/weights");
  return made;
}

Projection addKernel(Graph &graph, Store &store, const std::string &name, const Type &weight, const Kernel &kernel,
                     const Population &target) {
  const Layout &layout = target.layout;
  const std::size_t unit = 4 / graph.getTarget().getTypeSize(weight);
  const std::size_t channel = std::size_t{kernel.inputs} * kernel.tapRows * kernel.tapColumns;
  std::vector<std::size_t> rows;
  std::vector<std::size_t> weights;
  for (const unsigned words : store.numbers(layout.tiles())) {
    const unsigned tile = static_cast<unsigned>(rows.size());
    const Range channels = channelsOf(kernel, layout.first(tile), layout.count(tile));
    weights.push_back(roundedUp((channels.end - channels.begin) * channel, unit));
    rows.push_back(words);
  }
  const std::size_t columns = kernel.sourceColumns + 1 + 2 * std::size_t{store.numbers(1)[0]};
  Projection made{0, beginsOf(weights), {}, {}, {}, {}};
  made.kernel = kernel;
  made.rowBegins = beginsOf(rows);
  made.rows = addPieces(graph, poplar::UNSIGNED_SHORT, name + "/rows", layout.firstTile, rows);
  made.columns = addPieces(graph, poplar::UNSIGNED_SHORT, name + "/columns", layout.firstTile,
                           std::vector<std::size_t>(layout.tiles(), columns));
  made.weights = addPieces(graph, weight, name + "/weights", layout.firstTile, weights);
  store.upload(graph, made.rows, name + "/rows");
  store.upload(graph, made.columns, name + "/columns");
  store.upload(graph, made.weights, name + "/weights");
  return made;
}

} // namespace axonc
