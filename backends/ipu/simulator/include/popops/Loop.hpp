#ifndef POPOPS_LOOP_HPP
#define POPOPS_LOOP_HPP

#include <functional>
#include <poplar/Graph.hpp>

namespace popops {

using CountedLoopBodyType = std::function<poplar::program::Program(const poplar::Tensor &)>;

// Runs the body for begin, begin + step, ... below end; it is given the counter, an UNSIGNED_INT of one element.
poplar::program::Sequence countedLoop(poplar::Graph &graph, std::size_t begin, std::size_t end, std::size_t step,
                                      const CountedLoopBodyType &body, const poplar::DebugContext &debugContext = {});
poplar::program::Sequence countedLoop(poplar::Graph &graph, std::size_t count, const CountedLoopBodyType &body,
                                      const poplar::DebugContext &debugContext = {});

} // namespace popops

#endif
