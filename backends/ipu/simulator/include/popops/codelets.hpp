#ifndef POPOPS_CODELETS_HPP
#define POPOPS_CODELETS_HPP

#include <poplar/Graph.hpp>

namespace popops {

// The vertices of this library are part of the simulator: there is nothing to add.
void addCodelets(poplar::Graph &graph);

} // namespace popops

#endif
