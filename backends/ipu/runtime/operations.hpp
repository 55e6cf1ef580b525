// Tensor operations: tensors of their operands, and their vertices.
#ifndef AXONC_RUNTIME_OPERATIONS_HPP
#define AXONC_RUNTIME_OPERATIONS_HPP

#include <string>
#include <utility>
#include <vector>

#include "network.hpp"

namespace axonc {

// What each tile reads of the values of an operand: elements from `begins` to `ends`. Where in that its elements lie:
// at `places`, or, without them, at their number times `step`; `taps`: what is added to that, one after the other.
struct Operand {
  std::vector<unsigned> begins;
  std::vector<unsigned> ends;
  unsigned step = 1;
  Tensor places = {};
  Tensor taps = {};
};

// The values of a constant, on one tile.
Tensor addStored(Graph &graph, Store &store, const std::string &name, const Type &type, std::size_t elements,
                 unsigned tile);

// An operand with so many taps, of an operation whose result is `target`.
Operand addOperand(Graph &graph, Store &store, const std::string &name, unsigned taps, const Population &target);

// What a codelet of an operation has: fields of so many operands, of the first `listed` also their taps; whether it
// counts what goes wrong; numbers; instructions for an element.
struct Codelet {
  std::string type;
  unsigned operands;
  unsigned listed;
  bool counts;
  std::vector<std::pair<const char *, unsigned>> numbers;
  std::uint64_t each;
};

// The values of an operand, and how they are read.
struct Given {
  Tensor values;
  const Operand *operand;
};

// Computes the elements of a result.
void operate(Graph &graph, ComputeSet set, const Codelet &codelet, const Population &target,
             const std::vector<Given> &operands);

// Lists what a result has beside zeros.
void findValues(Graph &graph, ComputeSet set, const Population &population);

// The values of some steps before, on the tiles of who sends them.
Tensor addLate(Graph &graph, ComputeSet set, const std::string &name, const Tensor &values, Layout layout,
               unsigned steps, Between &between);

} // namespace axonc

#endif
