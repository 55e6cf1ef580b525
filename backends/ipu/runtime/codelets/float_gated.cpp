// Gated units in float: the equations of gated.cpp, each operation rounded once.
#include "functions.h" // before Poplar, whose names it must not see

#include <poplar/Vertex.hpp>

#include "neurons.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step of the GRU units of a tile. Lanes as in `FixedGRU`: two, or six of which three are of the units' own events.
//
// `parameters`: the threshold, one for all (`stride` 0) or one a unit. `voltage`: cells. `current`: the number of the step,
// if cells begin anew after every `segment` of them. `sent`: what a unit gives, which is all of the cell where there is no
// `eventBased` test. `zoneout`: the part of a cell that is kept in any case.
template <class Word> class FloatGRU : public poplar::MultiVertex {
public:
  Input<Vector<float>> sums;
  Input<Vector<float>> parameters;
  InOut<Vector<float>> voltage;
  InOut<Vector<float>> current;
  Output<Vector<float>> sent;
  Output<Vector<Word>> found;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned words = 2;
  const unsigned lanes = 6;
  const unsigned segment = 0;
  const float zoneout = 0;
  const bool eventBased = false;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sent.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const float update = zoneout + (1.0F - zoneout) * axonc_sigmoidf(updateOf(n));
      const float cell = update * before(n) + (1.0F - update) * axonc_tanhf(candidateOf(n));
      sent[n] = give(n, cell, parameters[std::size_t{n} * stride]);
      if (sent[n] != 0.0F) {
        finder.add(first + n, bitsOf(sent[n]));
      }
    }
    finder.close();
    return true;
  }

private:
  float lane(unsigned number, unsigned unit) const { return laneOf(sums, lanes, sent.size(), number, unit); }

  float updateOf(unsigned unit) const { return lanes == 6 ? lane(0, unit) + lane(3, unit) : lane(0, unit); }

  // The reset, where it is here, acts on the recurrent sum.
  float candidateOf(unsigned unit) const {
    if (lanes != 6) {
      return lane(1, unit);
    }
    const float reset = axonc_sigmoidf(lane(1, unit) + lane(4, unit));
    return lane(2, unit) + reset * lane(5, unit);
  }

  // The cell of the step before; 0 where a segment begins.
  float before(unsigned unit) {
    if (current.size() == 0) {
      return voltage[unit];
    }
    const unsigned step = static_cast<unsigned>(current[unit]);
    current[unit] = static_cast<float>((step + 1) % segment);
    return step == 0 ? 0.0F : voltage[unit];
  }

  // Stores the cell; returns what the unit gives, which is 0 with the cell's sign if it does not fire.
  float give(unsigned unit, float cell, float threshold) {
    const float event = !eventBased || cell > threshold ? 1.0F : 0.0F;
    voltage[unit] = eventBased ? cell - event * threshold : cell;
    return event * cell;
  }
};

// One step of the LSTM units of a tile. Four lanes: input, output and forget gate, candidate. `parameters`: what the
// gates see of the cell, in the same order.
template <class Word> class FloatLSTM : public poplar::MultiVertex {
public:
  Input<Vector<float>> sums;
  Input<Vector<float>> parameters;
  InOut<Vector<float>> voltage;
  Output<Vector<float>> sent;
  Output<Vector<Word>> found;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned words = 2;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sent.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const float *p = &parameters[std::size_t{n} * stride];
      const float last = voltage[n];
      const float in = axonc_sigmoidf(lane(0, n) + p[0] * last);
      const float keep = axonc_sigmoidf(lane(2, n) + p[2] * last);
      const float cell = keep * last + in * axonc_tanhf(lane(3, n));
      voltage[n] = cell;
      sent[n] = axonc_sigmoidf(lane(1, n) + p[1] * cell) * axonc_tanhf(cell);
      if (sent[n] != 0.0F) {
        finder.add(first + n, bitsOf(sent[n]));
      }
    }
    finder.close();
    return true;
  }

private:
  float lane(unsigned number, unsigned unit) const { return laneOf(sums, 4, sent.size(), number, unit); }
};

// One step of reset gates: the second lane, scaled by the gate of the first.
template <class Word> class FloatResetGate : public poplar::MultiVertex {
public:
  Input<Vector<float>> sums;
  Input<Vector<float>> parameters;
  Output<Vector<float>> sent;
  Output<Vector<Word>> found;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned words = 2;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sent.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      sent[n] = axonc_sigmoidf(laneOf(sums, 2, sent.size(), 0, n)) * laneOf(sums, 2, sent.size(), 1, n);
      if (sent[n] != 0.0F) {
        finder.add(first + n, bitsOf(sent[n]));
      }
    }
    finder.close();
    return true;
  }
};

template class FloatGRU<unsigned short>;
template class FloatGRU<unsigned int>;
template class FloatLSTM<unsigned short>;
template class FloatLSTM<unsigned int>;
template class FloatResetGate<unsigned short>;
template class FloatResetGate<unsigned int>;

} // namespace axonc
