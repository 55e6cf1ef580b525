// Slices whose place is known only when the program runs. Places beyond the end start again at 0.
#ifndef POPOPS_DYNAMIC_SLICE_HPP
#define POPOPS_DYNAMIC_SLICE_HPP

#include <poplar/Graph.hpp>

namespace popops {

class SlicePlan {};

// A tensor whose slices along `dims` lie on the same tiles, wherever they start.
poplar::Tensor createSliceableTensor(poplar::Graph &graph, const poplar::Type &type,
                                     const std::vector<std::size_t> &shape, const std::vector<std::size_t> &dims,
                                     const std::vector<std::size_t> &sizes, std::size_t minGrainSize = 0,
                                     const poplar::DebugContext &debugContext = {});
poplar::Tensor dynamicSlice(poplar::Graph &graph, const poplar::Tensor &tensor, const poplar::Tensor &offset,
                            const std::vector<std::size_t> &dims, const std::vector<std::size_t> &sizes,
                            poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                            const poplar::OptionFlags &options = {});
void dynamicUpdate(poplar::Graph &graph, const poplar::Tensor &tensor, const poplar::Tensor &slice,
                   const poplar::Tensor &offset, const std::vector<std::size_t> &dims,
                   const std::vector<std::size_t> &sizes, poplar::program::Sequence &program,
                   const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {});
// Rows of a matrix by a list of indices: the result has shape {indices, 1, row}.
poplar::Tensor multiSlice(poplar::Graph &graph, const poplar::Tensor &tensor, const poplar::Tensor &offsets,
                          const std::vector<std::size_t> &dims, const std::vector<std::size_t> &sizes,
                          poplar::program::Sequence &program, const SlicePlan &plan = {},
                          const poplar::OptionFlags &options = {}, const poplar::DebugContext &debugContext = {});
// Adds scale * slices to rows of a matrix; one index may occur several times.
void multiUpdateAdd(poplar::Graph &graph, const poplar::Tensor &tensor, const poplar::Tensor &slices,
                    const poplar::Tensor &offsets, const poplar::Tensor &scale, const std::vector<std::size_t> &dims,
                    const std::vector<std::size_t> &sizes, poplar::program::Sequence &program,
                    const SlicePlan &plan = {}, const poplar::OptionFlags &options = {},
                    const poplar::DebugContext &debugContext = {});

} // namespace popops

#endif
