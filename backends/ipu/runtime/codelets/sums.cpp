// What projections add up: one vertex for each projection and tile, each with sums of its own.
//
// Sums run over ascending sources, one after the other, whatever form the projection has. `sums` is as long as the
// tile has accumulators; workers share them. They begin with `bias`, or with 0 where that has no elements.
#include <poplar/Vertex.hpp>

#include "workers.hpp"

#pragma STDC FP_CONTRACT OFF // products are rounded before they are added

namespace axonc {

using poplar::Input;
using poplar::Output;
using poplar::Vector;
using poplar::VectorLayout;

template <class Bias, class Sums> void start(Range mine, const Bias &bias, Sums &sums) {
  for (unsigned n = mine.begin; n < mine.end; ++n) {
    sums[n] = bias.size() == 0 ? 0 : bias[n];
  }
}

// sums[n] = bias[n] + sum over events of weights[source][n] (times the event's value): an event reads one row, which
// lies in one piece. `weights`: rows of `stride` elements, at least as many as there are sums.
template <class Weight, class Word, class Sum, class Value> class EventRows : public poplar::MultiVertex {
public:
  Input<Vector<Word>> events;
  Input<Vector<Weight, VectorLayout::ONE_PTR, 4>> weights;
  Input<Vector<Sum>> bias;
  Output<Vector<Sum>> sums;
  const unsigned stride = 0;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sums.size());
    start(mine, bias, sums);
    const unsigned count = events[0];
    for (unsigned e = 0; e < count; ++e) {
      const Word *record = &events[1 + e * WORDS<Value>];
      const Weight *row = &weights[std::size_t{record[0]} * stride];
      const Sum value = static_cast<Sum>(valueOf<Value>(record));
      for (unsigned n = mine.begin; n < mine.end; ++n) {
        sums[n] += static_cast<Sum>(row[n]) * value;
      }
    }
    return true;
  }
};

// The same sums from the values of all sources, zeros among them: no list, no row is left out.
template <class Weight, class Value, class Sum> class DenseRows : public poplar::MultiVertex {
public:
  Input<Vector<Value>> values;
  Input<Vector<Weight, VectorLayout::ONE_PTR, 4>> weights;
  Input<Vector<Sum>> bias;
  Output<Vector<Sum>> sums;
  const unsigned stride = 0;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sums.size());
    start(mine, bias, sums);
    for (std::size_t source = 0; source < values.size(); ++source) {
      const Weight *row = &weights[source * stride];
      const Sum value = static_cast<Sum>(values[source]);
      for (unsigned n = mine.begin; n < mine.end; ++n) {
        sums[n] += static_cast<Sum>(row[n]) * value;
      }
    }
    return true;
  }
};

// The same sums where few synapses exist. `starts` has an entry for each source and one more: where its synapses begin.
// `targets`, ascending for each source, and `weights` have one element a synapse; a worker passes over those of others.
template <class Weight, class Word, class Sum, class Value> class SparseRows : public poplar::MultiVertex {
public:
  Input<Vector<Word>> events;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short, VectorLayout::ONE_PTR, 4>> targets;
  Input<Vector<Weight, VectorLayout::ONE_PTR, 4>> weights;
  Input<Vector<Sum>> bias;
  Output<Vector<Sum>> sums;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sums.size());
    start(mine, bias, sums);
    const unsigned count = events[0];
    for (unsigned e = 0; e < count; ++e) {
      const Word *record = &events[1 + e * WORDS<Value>];
      const Sum value = static_cast<Sum>(valueOf<Value>(record));
      const unsigned end = starts[std::size_t{record[0]} + 1];
      for (unsigned s = starts[record[0]]; s < end && targets[s] < mine.end; ++s) {
        if (targets[s] >= mine.begin) {
          sums[targets[s]] += static_cast<Sum>(weights[s]) * value;
        }
      }
    }
    return true;
  }
};

#define AXONC_SUMS(WEIGHT, WORD, SUM, VALUE)                                                                           \
  template class EventRows<WEIGHT, WORD, SUM, VALUE>;                                                                  \
  template class SparseRows<WEIGHT, WORD, SUM, VALUE>;

AXONC_SUMS(signed char, unsigned short, int, bool)
AXONC_SUMS(signed char, unsigned short, int, int)
AXONC_SUMS(signed char, unsigned int, int, bool)
AXONC_SUMS(signed char, unsigned int, int, int)
AXONC_SUMS(float, unsigned short, float, bool)
AXONC_SUMS(float, unsigned short, float, int)
AXONC_SUMS(float, unsigned int, float, bool)
AXONC_SUMS(float, unsigned int, float, int)
AXONC_SUMS(float, unsigned int, float, float)
template class DenseRows<signed char, unsigned char, int>;
template class DenseRows<signed char, int, int>;
template class DenseRows<float, unsigned char, float>;
template class DenseRows<float, int, float>;
template class DenseRows<float, float, float>;

} // namespace axonc
