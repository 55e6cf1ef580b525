#ifndef POPOPS_CAST_HPP
#define POPOPS_CAST_HPP

#include <poplar/Graph.hpp>

namespace popops {

poplar::Tensor cast(poplar::Graph &graph, const poplar::Tensor &source, const poplar::Type &type,
                    poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {});
poplar::program::Sequence cast(poplar::Graph &graph, poplar::Tensor source, poplar::Tensor destination,
                               const poplar::DebugContext &debugContext = {});

} // namespace popops

#endif
