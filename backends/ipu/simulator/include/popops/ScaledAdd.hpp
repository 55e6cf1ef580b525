#ifndef POPOPS_SCALED_ADD_HPP
#define POPOPS_SCALED_ADD_HPP

#include <poplar/Graph.hpp>

namespace popops {

// A += scale * B.
void scaledAddTo(poplar::Graph &graph, poplar::Tensor A, poplar::Tensor B, float scale,
                 poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                 const poplar::OptionFlags &options = {});
void scaledAddTo(poplar::Graph &graph, poplar::Tensor A, poplar::Tensor B, poplar::Tensor scale,
                 poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                 const poplar::OptionFlags &options = {});
// A = scaleA * A + scaleB * B.
void scaledAddTo(poplar::Graph &graph, poplar::Tensor A, float scaleA, poplar::Tensor B, float scaleB,
                 poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                 const poplar::OptionFlags &options = {});
// A -= scale * B.
void scaledSubtractFrom(poplar::Graph &graph, poplar::Tensor A, poplar::Tensor B, float scale,
                        poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                        const poplar::OptionFlags &options = {});

} // namespace popops

#endif
