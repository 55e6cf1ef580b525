// Gated units in fixed point: GRU and event-based GRU, LSTM, and a reset gate that is a population of its own.
#include "gated.hpp" // before Poplar, whose `half` arithmetic.h would hide

#include <poplar/Vertex.hpp>

#include "neurons.hpp"

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step of the GRU units of a tile. Two lanes where the reset gate is elsewhere, else six: the three gates' sums of
// other populations, then of the units' own events.
//
// `parameters`: multiplier, shift and bias of every lane, then the threshold; one record for all (`stride` 0) or one a
// unit. `voltage`: cells. `current`: the number of the step, if cells begin anew after every `segment` of them. `sent`:
// what a unit gives, which is all of the cell where there is no `eventBased` test.
template <class Word> class FixedGRU : public poplar::MultiVertex {
public:
  Input<Vector<int>> sums;
  Input<Vector<int>> parameters;
  InOut<Vector<int>> voltage;
  InOut<Vector<int>> current;
  Output<Vector<int>> sent;
  Output<Vector<Word>> found;
  InOut<Vector<unsigned>> clipped;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned words = 2;
  const unsigned lanes = 6;
  const unsigned frac = 0;
  const unsigned segment = 0;
  const int zoneout = 0;
  const bool eventBased = false;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sent.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const int *p = &parameters[std::size_t{n} * stride];
      const Gates gates = lanes == 6 ? gatesAfter(p, n) : gatesBefore(p, n);
      const int kept = zoneout == 0 ? gates.update : zoneout + scaled(gates.update, UNIT - zoneout);
      const int cell = mixed(kept, before(n), UNIT - kept, gates.candidate, frac);
      sent[n] = give(n, cell, p[std::size_t{lanes} * 3], worker);
      if (sent[n] != 0) {
        finder.add(first + n, bitsOf(sent[n]));
      }
    }
    finder.close();
    return true;
  }

private:
  struct Gates {
    int update;
    int candidate;
  };

  int argument(const int *p, unsigned lane, unsigned unit) const {
    return argumentOf(laneOf(sums, lanes, sent.size(), lane, unit), p + std::size_t{lane} * 3);
  }

  // The reset acts on the recurrent sum.
  Gates gatesAfter(const int *p, unsigned unit) const {
    const int reset = axonc_sigmoid(gateClip(argument(p, 1, unit) + argument(p, 4, unit)));
    const int update = axonc_sigmoid(gateClip(argument(p, 0, unit) + argument(p, 3, unit)));
    return {update, axonc_tanh(gateClip(argument(p, 2, unit) + scaled(reset, argument(p, 5, unit))))};
  }

  Gates gatesBefore(const int *p, unsigned unit) const {
    return {axonc_sigmoid(argument(p, 0, unit)), axonc_tanh(argument(p, 1, unit))};
  }

  // The cell of the step before; 0 where a segment begins.
  int before(unsigned unit) const {
    if (current.size() == 0) {
      return voltage[unit];
    }
    const unsigned step = static_cast<unsigned>(current[unit]);
    current[unit] = static_cast<int>((step + 1) % segment);
    return step == 0 ? 0 : voltage[unit];
  }

  // Stores the cell; returns what the unit gives.
  int give(unsigned unit, int cell, int threshold, unsigned worker) {
    const bool fired = eventBased && cell > threshold;
    voltage[unit] = fired ? gateClip(std::int64_t{cell} - threshold) : cell;
    clipped[worker] += fired && voltage[unit] != cell - threshold;
    return fired || !eventBased ? cell : 0;
  }
};

// One step of the LSTM units of a tile. Four lanes: input, output and forget gate, candidate. `cellFrac`: fractional
// bits of cells, `frac` those of what a unit gives.
template <class Word> class FixedLSTM : public poplar::MultiVertex {
public:
  Input<Vector<int>> sums;
  Input<Vector<int>> parameters;
  InOut<Vector<int>> voltage;
  Output<Vector<int>> sent;
  Output<Vector<Word>> found;
  InOut<Vector<unsigned>> clipped;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned words = 2;
  const unsigned frac = 0;
  const unsigned cellFrac = 0;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sent.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const int *p = &parameters[std::size_t{n} * stride];
      const int in = axonc_sigmoid(argument(p, 0, n));
      const int keep = axonc_sigmoid(argument(p, 2, n));
      const int wide = mixed(keep, voltage[n], in, axonc_tanh(argument(p, 3, n)), cellFrac);
      voltage[n] = gateClip(wide);
      clipped[worker] += voltage[n] != wide;
      sent[n] = shown(axonc_sigmoid(argument(p, 1, n)), voltage[n]);
      if (sent[n] != 0) {
        finder.add(first + n, bitsOf(sent[n]));
      }
    }
    finder.close();
    return true;
  }

private:
  int argument(const int *p, unsigned lane, unsigned unit) const {
    return argumentOf(laneOf(sums, 4, sent.size(), lane, unit), p + std::size_t{lane} * 3);
  }

  // What the output gate lets through of a cell.
  int shown(int gate, int cell) const {
    const int squashed = axonc_tanh(gateClip(std::int64_t{cell} * (1 << (12 - cellFrac))));
    const unsigned shift = 30 - frac;
    return static_cast<int>(axonc_shift_right(std::int64_t{gate} * squashed + (std::int64_t{1} << (shift - 1)), shift));
  }
};

// One step of reset gates: the second lane, scaled by the gate of the first.
template <class Word> class FixedResetGate : public poplar::MultiVertex {
public:
  Input<Vector<int>> sums;
  Input<Vector<int>> parameters;
  Output<Vector<int>> sent;
  Output<Vector<Word>> found;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned words = 2;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, sent.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const int *p = &parameters[std::size_t{n} * stride];
      const int gate = axonc_sigmoid(argumentOf(laneOf(sums, 2, sent.size(), 0, n), p));
      sent[n] = scaled(gate, laneOf(sums, 2, sent.size(), 1, n));
      if (sent[n] != 0) {
        finder.add(first + n, bitsOf(sent[n]));
      }
    }
    finder.close();
    return true;
  }
};

template class FixedGRU<unsigned short>;
template class FixedGRU<unsigned int>;
template class FixedLSTM<unsigned short>;
template class FixedLSTM<unsigned int>;
template class FixedResetGate<unsigned short>;
template class FixedResetGate<unsigned int>;

} // namespace axonc
