#ifndef POPUTIL_UTIL_HPP
#define POPUTIL_UTIL_HPP

#include <poplar/Graph.hpp>
#include <poputil/exceptions.hpp>

namespace poputil {

std::vector<std::vector<poplar::Interval>> splitRegions(const std::vector<poplar::Interval> &regions,
                                                        unsigned grainSize, unsigned maxPartitions,
                                                        unsigned minElementsPerPartition = 0);
std::vector<std::vector<poplar::Interval>> splitRegionsBetweenWorkers(const poplar::Target &target,
                                                                      const std::vector<poplar::Interval> &regions,
                                                                      unsigned grainSize,
                                                                      unsigned minElementsPerPartition = 0);
poplar::Tensor duplicate(poplar::Graph &graph, const poplar::Tensor &source, poplar::program::Sequence &program,
                         const poplar::DebugContext &debugContext = {},
                         poplar::TensorCloneMethod method = poplar::TensorCloneMethod::PRESERVE_ORDER_UNLESS_ALIASES);
void broadcastToMatch(poplar::Tensor &a, const std::vector<std::size_t> &shape);
void broadcastToMatch(poplar::Tensor &a, poplar::Tensor &b);

} // namespace poputil

#endif
