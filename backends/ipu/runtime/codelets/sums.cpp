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

// The same sums from the values of all sources, zeros among them: no list, no row is left out. Sums of four targets side by
// side stay in registers while the sources come one after the other.
template <class Weight, class Value, class Sum> class DenseRows : public poplar::MultiVertex {
public:
  Input<Vector<Value>> values;
  Input<Vector<Weight, VectorLayout::ONE_PTR, 4>> weights;
  Input<Vector<Sum>> bias;
  Output<Vector<Sum>> sums;
  const unsigned stride = 0;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sums.size());
    unsigned n = mine.begin;
    for (; n + 4 <= mine.end; n += 4) {
      addColumns<4>(n);
    }
    for (; n < mine.end; ++n) {
      addColumns<1>(n);
    }
    return true;
  }

private:
  template <unsigned WIDTH> void addColumns(unsigned n) {
    Sum totals[WIDTH];
    for (unsigned k = 0; k < WIDTH; ++k) {
      totals[k] = bias.size() == 0 ? Sum{0} : bias[n + k];
    }
    const Weight *row = &weights[n];
    for (std::size_t source = 0; source < values.size(); ++source, row += stride) {
      const Sum value = static_cast<Sum>(values[source]);
      for (unsigned k = 0; k < WIDTH; ++k) {
        totals[k] += static_cast<Sum>(row[k]) * value;
      }
    }
    for (unsigned k = 0; k < WIDTH; ++k) {
      sums[n + k] = totals[k];
    }
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

// The same sums of a convolution. A tile has the taps of its channels, from `channel` to `channels`: for each of them and
// each input channel of its group, row after row. `rows` and `columns` are tables of what a row (a column) of the sources
// reaches: where the entries of each begin and where the last end, then target and tap of each entry.
template <class Weight, class Word, class Sum, class Value> class KernelRows : public poplar::MultiVertex {
public:
  Input<Vector<Word>> events;
  Input<Vector<unsigned short>> rows;
  Input<Vector<unsigned short>> columns;
  Input<Vector<Weight, VectorLayout::ONE_PTR, 4>> weights;
  Input<Vector<Sum>> bias;
  Output<Vector<Sum>> sums;
  const unsigned first = 0; // the tile's first target, in the order of channels, rows and columns
  const unsigned channel = 0;
  const unsigned channels = 1;
  const unsigned inputs = 1;  // channels of a group of sources
  const unsigned outputs = 1; // channels of a group of targets
  const unsigned sourceRows = 1;
  const unsigned sourceColumns = 1;
  const unsigned targetRows = 1;
  const unsigned targetColumns = 1;
  const unsigned taps = 1;
  const unsigned tapColumns = 1;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sums.size());
    start(mine, bias, sums);
    const unsigned count = events[0];
    for (unsigned e = 0; e < count; ++e) {
      const Word *record = &events[1 + e * WORDS<Value>];
      add(mine, record[0], static_cast<Sum>(valueOf<Value>(record)));
    }
    return true;
  }

private:
  // Adds what a source reaches among the targets of a worker.
  void add(Range mine, unsigned source, Sum value) {
    const unsigned column = source % sourceColumns;
    const unsigned row = source / sourceColumns % sourceRows;
    const unsigned from = source / sourceColumns / sourceRows;
    const unsigned group = from / inputs;
    const unsigned begin = group * outputs > channel ? group * outputs : channel;
    const unsigned end = (group + 1) * outputs < channels ? (group + 1) * outputs : channels;
    for (unsigned entry = rows[row]; entry < rows[row + 1]; ++entry) {
      const unsigned line = rows[sourceRows + 1 + 2 * entry];
      const unsigned tap = rows[sourceRows + 2 + 2 * entry] * tapColumns;
      for (unsigned to = begin; to < end; ++to) {
        const Weight *kernel = &weights[((to - channel) * inputs + from % inputs) * taps + tap];
        addLine(mine, (to * targetRows + line) * targetColumns, column, kernel, value);
      }
    }
  }

  // Adds to the line of targets that begins with number `target` in the order of channels, rows and columns.
  void addLine(Range mine, unsigned target, unsigned column, const Weight *kernel, Sum value) {
    if (target >= first + mine.end || target + targetColumns <= first + mine.begin) {
      return;
    }
    for (unsigned entry = columns[column]; entry < columns[column + 1]; ++entry) {
      const unsigned n = target + columns[sourceColumns + 1 + 2 * entry] - first; // far beyond the end if before `first`
      if (n >= mine.begin && n < mine.end) {
        sums[n] += static_cast<Sum>(kernel[columns[sourceColumns + 2 + 2 * entry]]) * value;
      }
    }
  }
};

#define AXONC_SUMS(WEIGHT, WORD, SUM, VALUE)                                                                           \
  template class EventRows<WEIGHT, WORD, SUM, VALUE>;                                                                  \
  template class KernelRows<WEIGHT, WORD, SUM, VALUE>;                                                                 \
  template class SparseRows<WEIGHT, WORD, SUM, VALUE>;

AXONC_SUMS(signed char, unsigned short, int, bool)
AXONC_SUMS(signed char, unsigned short, int, int)
AXONC_SUMS(signed char, unsigned int, int, bool)
AXONC_SUMS(signed char, unsigned int, int, int)
AXONC_SUMS(short, unsigned short, int, bool)
AXONC_SUMS(short, unsigned short, int, int)
AXONC_SUMS(short, unsigned int, int, bool)
AXONC_SUMS(short, unsigned int, int, int)
AXONC_SUMS(float, unsigned short, float, bool)
AXONC_SUMS(float, unsigned short, float, int)
AXONC_SUMS(float, unsigned int, float, bool)
AXONC_SUMS(float, unsigned int, float, int)
AXONC_SUMS(float, unsigned int, float, float)
template class DenseRows<signed char, unsigned char, int>;
template class DenseRows<signed char, int, int>;
template class DenseRows<short, unsigned char, int>;
template class DenseRows<short, int, int>;
template class DenseRows<float, unsigned char, float>;
template class DenseRows<float, int, float>;
template class DenseRows<float, float, float>;

} // namespace axonc
