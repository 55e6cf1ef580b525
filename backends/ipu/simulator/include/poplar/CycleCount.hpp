#ifndef POPLAR_CYCLE_COUNT_HPP
#define POPLAR_CYCLE_COUNT_HPP

#include <poplar/Graph.hpp>
#include <poplar/Program.hpp>
#include <poplar/SyncType.hpp>

namespace poplar {

// Puts `program` into itself between two readings of the cycle counter; the tensor, two unsigned words, low first, then
// holds the estimated cycles that passed.
Tensor cycleCount(Graph &graph, program::Sequence &program, unsigned tile, SyncType syncType,
                  const DebugContext &name = {});

} // namespace poplar

#endif
