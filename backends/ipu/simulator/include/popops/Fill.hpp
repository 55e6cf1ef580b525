#ifndef POPOPS_FILL_HPP
#define POPOPS_FILL_HPP

#include <popops/ElementWise.hpp>

namespace popops {

template <class T>
void fill(poplar::Graph &graph, const poplar::Tensor &tensor, poplar::program::Sequence &program, T value,
          const poplar::DebugContext &debugContext = {}) {
  mapWithOutput(graph, expr::Cast(expr::Const(value), tensor.elementType()), {}, tensor, program, debugContext);
}

} // namespace popops

#endif
