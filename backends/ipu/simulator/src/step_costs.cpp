// Cycles and bytes of a compute set and of a copy.
#include "executable.hpp"

#include <algorithm>

namespace axonc_ipu {

namespace {

struct Estimate {
  std::uint64_t cycles;
  std::uint64_t flops;
  bool given;
};

std::vector<std::size_t> sizesOf(const VertexData &data, const BoundVertex &vertex, std::size_t index) {
  for (const BoundField &field : vertex.fields) {
    if (field.field == &data.type->fields[index]) {
      std::vector<std::size_t> sizes;
      for (const BoundRow &row : field.rows) {
        sizes.push_back(row.count);
      }
      return sizes;
    }
  }
  return {data.connections[index].size.value_or(0)};
}

poplar::FieldIntrospector introspect(const VertexData &data, const BoundVertex &vertex, const std::string &name) {
  const std::size_t index = data.type->fieldIndex(name);
  if (index == data.type->fields.size()) {
    throw poplar::graph_connection_error("an estimator asks for field '" + name + "' of " + data.type->name);
  }
  const Field &field = data.type->fields[index];
  std::vector<double> values;
  const auto take = [&](const Byte *from, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      values.push_back(static_cast<double>(loadElement(field.type, from + i * elementBytes(field.type))));
    }
  };
  if (field.kind == FieldKind::Value) {
    take(data.object.data() + field.offset, 1);
  } else if (field.kind == FieldKind::State) {
    take(data.connections[index].state.data(), data.connections[index].size.value_or(0));
  }
  return {sizesOf(data, vertex, index), std::move(values), field.kind == FieldKind::Rows};
}

// The author's estimate, else one cycle for each element on an edge, shared by the workers of a MultiVertex.
Estimate estimate(const GraphData &graph, const BoundVertex &vertex) {
  const VertexData &data = graph.vertices.at(vertex.id);
  if (data.estimate) {
    return {data.estimate->cycles, data.estimate->flops, true};
  }
  if (const auto known = graph.estimators.find(data.type->name); known != graph.estimators.end()) {
    const poplar::VertexIntrospector look([&](const std::string &name) { return introspect(data, vertex, name); });
    const poplar::VertexPerfEstimate given = known->second(look, graph.target);
    return {given.cycles, given.flops, true};
  }
  std::uint64_t elements = 0;
  for (const BoundField &field : vertex.fields) {
    for (const BoundRow &row : field.rows) {
      elements += row.count;
    }
  }
  return {LAUNCH_CYCLES + elements / data.type->workers, 0, false};
}

void addRow(const Executable &executable, const BoundVertex &vertex, const Field &field, const BoundRow &row,
            Traffic &before, Traffic &after, StepCost &cost) {
  if (row.count == 0) {
    return;
  }
  const std::size_t bytes = elementBytes(row.type);
  bool remote = false;
  for (const Run &run : row.view->runs) {
    eachTile(run, 0, run.count, executable.placements.at(run.variable),
             [&](unsigned tile, std::size_t first, std::size_t count) {
               if (tile == vertex.tile) {
                 return;
               }
               remote = true;
               const std::size_t distinct = run.stride == 0 ? 1 : count;
               const auto [low, high] = std::minmax({run.element(first), run.element(first + count - 1)});
               if (field.direction != Direction::Output) {
                 before.add(tile, vertex.tile, run.variable, low, high + 1, distinct, bytes);
               }
               if (field.writes()) {
                 after.add(vertex.tile, tile, run.variable, low, high + 1, distinct, bytes);
               }
             });
  }
  // A gathered row is copied on the tile, and back if it is written; a remote row arrives where it is used.
  if (row.staged && !(remote && row.view->runs.size() == 1)) {
    const std::size_t times = field.direction == Direction::InOut ? 2 : 1;
    cost.localBytes += row.count * bytes * times;
  }
  if (row.staged) {
    cost.temporaries[vertex.tile] += row.count * bytes;
  }
}

Links linksOf(const Executable &executable) {
  return {executable.graph->target.getTilesPerIPU(), executable.options.linkBytesPerCycle};
}

} // namespace

void costOf(const Executable &executable, const CompiledSet &set, StepCost &cost) {
  Traffic before(linksOf(executable));
  Traffic after(linksOf(executable));
  for (std::size_t t = 0; t + 1 < set.starts.size(); ++t) {
    std::uint64_t longest = 0;
    std::uint64_t sum = 0;
    const std::uint64_t localBefore = cost.localBytes;
    for (std::size_t i = set.starts[t]; i < set.starts[t + 1]; ++i) {
      const BoundVertex &vertex = set.vertices[i];
      const Estimate one = estimate(*executable.graph, vertex);
      longest = std::max(longest, one.cycles);
      sum += one.cycles;
      cost.flops += one.flops;
      cost.defaultEstimates += one.given ? 0 : 1;
      for (const BoundField &field : vertex.fields) {
        for (const BoundRow &row : field.rows) {
          addRow(executable, vertex, *field.field, row, before, after, cost);
        }
      }
    }
    const std::uint64_t gathered = cost.localBytes - localBefore;
    const std::uint64_t copying = gathered == 0 ? 0 : LOCAL_COPY_CYCLES + gathered / MEMORY_BYTES_PER_CYCLE;
    cost.computeCycles = std::max(cost.computeCycles, std::max(longest, (sum + 5) / 6) + copying);
  }
  cost.vertices = set.vertices.size();
  cost.busyTiles = static_cast<unsigned>(set.starts.size()) - 1;
  before.finish(cost, &cost.temporaries);
  after.finish(cost);
  // A compute set ends with a sync, whether or not data is exchanged.
  cost.syncCycles = std::max(cost.syncCycles, SYNC_CYCLES);
}

void costOfCopy(const Executable &executable, const CopyNode &copy, StepCost &cost) {
  Traffic traffic(linksOf(executable));
  std::map<unsigned, std::size_t> local;
  const std::size_t bytes = elementBytes(copy.source.elementType());
  eachPair(copy.source.view(), copy.destination.view(),
           [&](const Run &a, std::size_t i, const Run &b, std::size_t j, std::size_t count) {
             eachTile(a, i, count, executable.placements.at(a.variable),
                      [&](unsigned from, std::size_t first, std::size_t n) {
                        eachTile(b, j + first - i, n, executable.placements.at(b.variable),
                                 [&](unsigned to, std::size_t second, std::size_t m) {
                                   const std::size_t start = first + second - (j + first - i);
                                   if (from == to) {
                                     local[from] += m * bytes;
                                     return;
                                   }
                                   const auto [low, high] = std::minmax({a.element(start), a.element(start + m - 1)});
                                   traffic.add(from, to, a.variable, low, high + 1, a.stride == 0 ? 1 : m, bytes);
                                 });
                      });
           });
  for (const auto &[tile, size] : local) {
    cost.localBytes += size;
    cost.computeCycles = std::max<std::uint64_t>(cost.computeCycles, LOCAL_COPY_CYCLES + size / MEMORY_BYTES_PER_CYCLE);
  }
  traffic.finish(cost);
}

} // namespace axonc_ipu
