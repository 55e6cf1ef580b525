// What a tensor is: a shape over runs of elements, each at equal distances in one variable.
// Memory and time go with the number of runs, never with that of the elements.
#ifndef AXONC_IPU_VIEW_HPP
#define AXONC_IPU_VIEW_HPP

#include <algorithm>
#include <cstdint>
#include <poplar/Tensor.hpp>

namespace axonc_ipu {

struct GraphData;

struct Run {
  unsigned variable;
  std::size_t at;      // position of the first element in the flattened view
  std::int64_t begin;  // its place in the variable
  std::int64_t stride; // from an element to the next: 0 repeats it, -1 goes backwards
  std::size_t count;

  std::size_t element(std::size_t i) const {
    return static_cast<std::size_t>(begin + stride * static_cast<std::int64_t>(i));
  }
  bool contiguous() const { return stride == 1 || count == 1; }
};

struct View {
  const GraphData *graph = nullptr;
  poplar::Type type;
  std::vector<std::size_t> shape;
  std::vector<Run> runs;

  std::size_t numElements() const;
  // Adds a run at the end; one that goes on where the last ends becomes part of it.
  void append(Run run);
  // Adds elements first, first + step, ... (count of them) of another view.
  void appendStrided(const View &from, std::size_t first, std::size_t step, std::size_t count);
  void appendRange(const View &from, std::size_t first, std::size_t count) { appendStrided(from, first, 1, count); }
  void appendReversed(const View &from, std::size_t first, std::size_t count);
  // The index of the run that holds a position.
  std::size_t runAt(std::size_t position) const;
  // A view without elements, of the same graph and type.
  View empty(std::vector<std::size_t> newShape) const { return {graph, type, std::move(newShape), {}}; }
};

std::size_t product(const std::vector<std::size_t> &shape);

// Calls visit(variable, begin, end) for intervals of elements that a run covers, repeated ones once.
template <class F> void eachInterval(const Run &run, F &&visit) {
  if (run.stride == 1 || run.count == 1 || run.stride == 0) {
    visit(run.variable, run.element(0), run.element(0) + (run.stride == 0 ? 1 : run.count));
  } else if (run.stride == -1) {
    visit(run.variable, run.element(run.count - 1), run.element(0) + 1);
  } else {
    for (std::size_t i = 0; i < run.count; ++i) {
      visit(run.variable, run.element(i), run.element(i) + 1);
    }
  }
}

// Calls visit(a, i, b, j, count) for stretches over which two views of equal size stay within one run of each.
template <class F> void eachPair(const View &first, const View &second, F &&visit) {
  std::size_t i = 0;
  std::size_t j = 0;
  for (auto a = first.runs.begin(), b = second.runs.begin(); a != first.runs.end() && b != second.runs.end();) {
    const std::size_t count = std::min(a->count - i, b->count - j);
    visit(*a, i, *b, j, count);
    i += count;
    j += count;
    if (i == a->count) {
      ++a;
      i = 0;
    }
    if (j == b->count) {
      ++b;
      j = 0;
    }
  }
}

// The positions of a view (as if flattened) as intervals -> the view of them.
poplar::Tensor select(const poplar::Tensor &tensor, const std::vector<poplar::Interval> &intervals);

} // namespace axonc_ipu

#endif
