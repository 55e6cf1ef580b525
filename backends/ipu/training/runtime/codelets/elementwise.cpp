// Signals element by element: delays, factors, and what an output adds up over the steps.
#include <poplar/Vertex.hpp>

#include "signals.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// A line of delay moves on: y becomes the oldest value of `line`, or of one step that of the source.
template <class Element> class Shift : public poplar::MultiVertex {
public:
  Vector<Input<Vector<Element>>> inputs;
  InOut<Vector<Element>> line;
  Output<Vector<Element>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      const Element fresh = total(n);
      y[n] = line.size() == 0 ? fresh : line[n];
      for (std::size_t at = n; at < line.size(); at += y.size()) {
        line[at] = at + y.size() < line.size() ? line[at + y.size()] : fresh;
      }
    });
    return true;
  }

private:
  Element total(unsigned n) const {
    Element sum = inputs[0][n];
    for (std::size_t row = 1; row < inputs.size(); ++row) {
      sum = static_cast<Element>(sum + inputs[row][n]);
    }
    return sum;
  }
};

// y = factor x, a factor for each element of a sample.
class Scale : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> factors;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    eachRow(rangeOf(worker, y.size()), width, [&](unsigned sample, unsigned begin, unsigned end) {
      for (unsigned n = begin; n < end; ++n) {
        const std::size_t at = std::size_t{sample} * width + n;
        y[at] = factors[n] * summed(inputs, at);
      }
    });
    return true;
  }
};

// y = factor x, a factor for each element of every sample.
template <class Element> class Times : public poplar::MultiVertex {
public:
  Vector<Input<Vector<Element>>> inputs;
  Input<Vector<float>> factors;
  Output<Vector<float>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      y[n] = summed(inputs, n) * factors[n];
    });
    return true;
  }
};

// An output is added to what is pooled of it, or takes its place.
template <class Element> class Pool : public poplar::MultiVertex {
public:
  Input<Vector<Element>> x;
  InOut<Vector<float>> pooled;
  const bool adds = true;

  bool compute(unsigned worker) {
    each(worker, pooled.size(), [&](unsigned n) {
      pooled[n] = (adds ? pooled[n] : 0.0F) + static_cast<float>(x[n]);
    });
    return true;
  }
};

template class Shift<unsigned char>;
template class Shift<float>;
template class Times<unsigned char>;
template class Times<float>;
template class Pool<unsigned char>;
template class Pool<float>;

} // namespace axonc
