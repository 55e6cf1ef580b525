#ifndef POPOPS_ZERO_HPP
#define POPOPS_ZERO_HPP

#include <poplar/Graph.hpp>

namespace popops {

void zero(poplar::Graph &graph, const poplar::Tensor &tensor, poplar::program::Sequence &program,
          const poplar::DebugContext &debugContext = {});

} // namespace popops

#endif
