#ifndef POPLIN_CODELETS_HPP
#define POPLIN_CODELETS_HPP

#include <poplar/Graph.hpp>

namespace poplin {

// The vertices of this library are part of the simulator: there is nothing to add.
void addCodelets(poplar::Graph &graph);

} // namespace poplin

#endif
