#include "checks.hpp"
#include "view.hpp"

#include <algorithm>
#include <poputil/TileMapping.hpp>
#include <poputil/Util.hpp>
#include <poputil/VertexTemplates.hpp>

namespace poputil {

using poplar::Graph;
using poplar::Interval;
using poplar::Tensor;

poplar::TileToTensorMapping calcLinearTileMapping(const Graph &graph, poplar::ArrayRef<std::size_t> shape,
                                                  unsigned minElementsPerTile, unsigned grainSize) {
  const std::size_t count = axonc_ipu::product(shape.vec());
  const std::size_t tiles = graph.getTarget().getNumTiles();
  const std::size_t grain = std::max(1U, grainSize);
  const std::size_t grains = (count + grain - 1) / grain;
  const std::size_t least = std::max<std::size_t>(1, (minElementsPerTile + grain - 1) / grain);
  const std::size_t perTile = std::max(least, (grains + tiles - 1) / tiles) * grain;
  poplar::TileToTensorMapping mapping(tiles);
  for (std::size_t tile = 0; tile * perTile < count; ++tile) {
    mapping[tile].emplace_back(tile * perTile, std::min(count, (tile + 1) * perTile));
  }
  return mapping;
}

poplar::TileToTensorMapping calcLinearTileMapping(const Graph &graph, const Tensor &tensor) {
  const auto bytes = static_cast<unsigned>(graph.getTarget().getTypeSize(tensor.elementType()));
  return calcLinearTileMapping(graph, tensor.shape(), 128 / bytes, 8 / bytes);
}

void mapTensorLinearly(Graph &graph, const Tensor &tensor, unsigned minElementsPerTile, unsigned grainSize) {
  graph.setTileMapping(tensor, calcLinearTileMapping(graph, tensor.shape(), minElementsPerTile, grainSize));
}

void mapTensorLinearly(Graph &graph, const Tensor &tensor) {
  graph.setTileMapping(tensor, calcLinearTileMapping(graph, tensor));
}

unsigned mapTensorLinearlyWithOffset(Graph &graph, const Tensor &tensor, unsigned offset) {
  const auto mapping = calcLinearTileMapping(graph, tensor);
  poplar::TileToTensorMapping turned(mapping.size());
  unsigned used = 0;
  for (std::size_t i = 0; i < mapping.size(); ++i) {
    turned[(i + offset) % mapping.size()] = mapping[i];
    used += mapping[i].empty() ? 0 : 1;
  }
  graph.setTileMapping(tensor, turned);
  return static_cast<unsigned>((offset + used) % mapping.size());
}

unsigned getTileImbalance(const poplar::TileToTensorMapping &mapping, unsigned minElementsPerTile, unsigned grainSize) {
  std::size_t most = 0;
  std::size_t total = 0;
  for (const auto &intervals : mapping) {
    std::size_t here = 0;
    for (const Interval &interval : intervals) {
      here += interval.size();
    }
    most = std::max(most, here);
    total += here;
  }
  const std::size_t grain = std::max(1U, grainSize);
  const std::size_t even = mapping.empty() ? 0 : (total + mapping.size() - 1) / mapping.size();
  const std::size_t fair = std::max<std::size_t>(minElementsPerTile, (even + grain - 1) / grain * grain);
  return static_cast<unsigned>(most > fair ? most - fair : 0);
}

unsigned getTileImbalance(const Graph &graph, const Tensor &tensor, unsigned minElementsPerTile, unsigned grainSize) {
  return getTileImbalance(graph.getTileMapping(tensor), minElementsPerTile, grainSize);
}

std::vector<std::vector<Interval>> splitRegions(const std::vector<Interval> &regions, unsigned grainSize,
                                                unsigned maxPartitions, unsigned minElementsPerPartition) {
  std::size_t total = 0;
  for (const Interval &region : regions) {
    total += region.size();
  }
  const std::size_t grain = std::max(1U, grainSize);
  const std::size_t least = std::max<std::size_t>(minElementsPerPartition, 1);
  const std::size_t share = (total + maxPartitions - 1) / std::max(1U, maxPartitions);
  const std::size_t size = (std::max(least, share) + grain - 1) / grain * grain;
  std::vector<std::vector<Interval>> parts;
  std::size_t room = 0;
  for (const Interval &region : regions) {
    for (std::size_t begin = region.begin(); begin < region.end();) {
      if (room == 0) {
        parts.emplace_back();
        room = size;
      }
      const std::size_t end = std::min(region.end(), begin + room);
      parts.back().emplace_back(begin, end);
      room -= end - begin;
      begin = end;
    }
  }
  return parts;
}

std::vector<std::vector<Interval>> splitRegionsBetweenWorkers(const poplar::Target &target,
                                                              const std::vector<Interval> &regions, unsigned grainSize,
                                                              unsigned minElementsPerPartition) {
  return splitRegions(regions, grainSize, target.getNumWorkerContexts(), minElementsPerPartition);
}

Tensor duplicate(Graph &graph, const Tensor &source, poplar::program::Sequence &program,
                 const poplar::DebugContext &debugContext, poplar::TensorCloneMethod method) {
  Tensor copy = graph.clone(source, debugContext, method);
  program.add(poplar::program::Copy(source, copy));
  return copy;
}

void broadcastToMatch(Tensor &a, const std::vector<std::size_t> &shape) {
  using axonc_ipu::require;
  const std::string given = a.shapeToString();
  while (a.rank() < shape.size()) {
    a = a.expand({0});
  }
  for (unsigned i = 0; i < shape.size(); ++i) {
    require<poplar_error>(a.dim(i) == shape[i] || a.dim(i) == 1, "cannot broadcast shape ", given, " in dimension ", i,
                          " to ", shape[i]);
    if (a.dim(i) != shape[i]) {
      a = a.broadcast(static_cast<unsigned>(shape[i]), i);
    }
  }
}

void broadcastToMatch(Tensor &a, Tensor &b) {
  std::vector<std::size_t> shape(std::max(a.rank(), b.rank()), 1);
  for (const Tensor *tensor : {&a, &b}) {
    const std::size_t missing = shape.size() - tensor->rank();
    for (unsigned i = 0; i < tensor->rank(); ++i) {
      shape[missing + i] = tensor->dim(i) == 1 ? shape[missing + i] : tensor->dim(i);
    }
  }
  broadcastToMatch(a, shape);
  broadcastToMatch(b, shape);
}

} // namespace poputil
