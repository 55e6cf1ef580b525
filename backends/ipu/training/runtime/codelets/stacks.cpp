// What moves values about: stacks of them, lines of delay, counters.
#include <poplar/Vertex.hpp>

#include "signals.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// Every element becomes 0.
template <class Element> class Clear : public poplar::MultiVertex {
public:
  Output<Vector<Element>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      y[n] = 0;
    });
    return true;
  }
};

// Every sample becomes what one begins with.
template <class Element> class Begin : public poplar::MultiVertex {
public:
  Input<Vector<Element>> first;
  Output<Vector<Element>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      y[n] = first[n % first.size()];
    });
    return true;
  }
};

// A counter becomes a number.
class CountAnew : public poplar::Vertex {
public:
  Output<Vector<unsigned>> count;
  const unsigned value = 0;

  bool compute() {
    count[0] = value;
    return true;
  }
};

// Adds to a counter, modulo 2^32.
class Count : public poplar::Vertex {
public:
  InOut<Vector<unsigned>> count;
  const unsigned by = 1;

  bool compute() {
    count[0] += by;
    return true;
  }
};

// A counter becomes another one and `by`, modulo 2^32.
class CountFrom : public poplar::Vertex {
public:
  Input<Vector<unsigned>> source;
  Output<Vector<unsigned>> count;
  const unsigned by = 0;

  bool compute() {
    count[0] = source[0] + by;
    return true;
  }
};

// Keeps values on a stack of so many times their size; `top`: how many it holds. One worker, since all would read the
// counter that one of them changes.
template <class Element> class Push : public poplar::Vertex {
public:
  Input<Vector<Element>> value;
  InOut<Vector<Element>> stack;
  InOut<Vector<unsigned>> top;

  bool compute() {
    Element *to = &stack[std::size_t{top[0]} * value.size()];
    for (std::size_t n = 0; n < value.size(); ++n) {
      to[n] = value[n];
    }
    ++top[0];
    return true;
  }
};

// The values kept last.
template <class Element> class Peek : public poplar::MultiVertex {
public:
  Output<Vector<Element>> value;
  Input<Vector<Element>> stack;
  Input<Vector<unsigned>> top;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, value.size());
    const Element *from = &stack[std::size_t{top[0] - 1} * value.size()];
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      value[n] = from[n];
    }
    return true;
  }
};

// The values kept last, which are forgotten.
template <class Element> class Pop : public poplar::Vertex {
public:
  Output<Vector<Element>> value;
  Input<Vector<Element>> stack;
  InOut<Vector<unsigned>> top;

  bool compute() {
    const Element *from = &stack[std::size_t{--top[0]} * value.size()];
    for (std::size_t n = 0; n < value.size(); ++n) {
      value[n] = from[n];
    }
    return true;
  }
};

template class Clear<unsigned char>;
template class Clear<unsigned int>;
template class Clear<float>;
template class Begin<unsigned char>;
template class Begin<float>;
template class Push<unsigned char>;
template class Push<float>;
template class Peek<unsigned char>;
template class Peek<float>;
template class Pop<unsigned char>;
template class Pop<float>;

} // namespace axonc
