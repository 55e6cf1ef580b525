// Populations in float, each operation rounded once: neurons with a state, of the parts of fixed_neuron.cpp, and pools.
#include <poplar/Vertex.hpp>

#include "neurons.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step of the neurons of a tile. Fields as in `FixedNeuron`; a test with >= compares with the next lower threshold.
// `levels`: the values that voltages take, ascending, then the largest voltage for which each but the last is the nearest;
// empty: all values.
template <class Sum, class Word> class FloatNeuron : public poplar::MultiVertex {
public:
  enum Parameter : unsigned {
    CURRENT_DECAY,
    CURRENT_GAIN,
    CURRENT_OFFSET,
    DECAY,
    GAIN,
    CONSTANT,
    THRESHOLD,
    RESET_VALUE,
    LOWEST
  };

  Input<Vector<Sum>> sums;
  Input<Vector<unsigned char>> shifts;
  Input<Vector<float>> parameters;
  Input<Vector<float>> levels;
  InOut<Vector<float>> voltage;
  InOut<Vector<float>> current;
  Output<Vector<unsigned char>> sent;
  Output<Vector<Word>> found;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned reset = NONE;
  const unsigned most = 1;
  const unsigned words = 1;
  const bool seesOld = false;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, voltage.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const float *p = &parameters[std::size_t{n} * stride];
      const float old = voltage[n];
      float next = held((p[DECAY] * old + p[GAIN] * drive(p, n)) + p[CONSTANT]);
      if (sent.size() != 0) {
        const unsigned fired = fire(p, old, next);
        sent[n] = static_cast<unsigned char>(fired);
        if (fired != 0) {
          finder.add(first + n, fired);
        }
        next = next < p[LOWEST] ? p[LOWEST] : next;
      }
      voltage[n] = held(next);
    }
    finder.close();
    return true;
  }

private:
  // The level nearest to a voltage, if there are levels; of two as near the lower one.
  float held(float next) const {
    if (levels.size() == 0) {
      return next;
    }
    const std::size_t count = (levels.size() + 1) / 2;
    std::size_t low = 0;
    for (std::size_t size = count - 1; size > 0;) { // the first edge that is not below it is one of `size` from `low` on
      const std::size_t half = size / 2;
      const bool above = levels[count + low + half] < next;
      low = above ? low + half + 1 : low;
      size = above ? size - half - 1 : half;
    }
    return levels[low];
  }

  // What the membrane sees: the current, updated, or the sum itself.
  float drive(const float *p, unsigned n) {
    const float sum = static_cast<float>(shiftedTotalOf(sums, shifts, voltage.size(), n));
    if (current.size() == 0) {
      return sum;
    }
    const float before = current[n];
    current[n] = (p[CURRENT_DECAY] * before + p[CURRENT_GAIN] * sum) + p[CURRENT_OFFSET];
    return seesOld ? before : current[n];
  }

  // Test and reset; how many spikes there were.
  unsigned fire(const float *p, float old, float &next) {
    const float threshold = p[THRESHOLD];
    const float pending = isPending(reset) && old > threshold ? p[RESET_VALUE] : 0.0F;
    if (reset == SUBTRACT_NEXT) {
      next -= pending;
    }
    float tested = reset == SUBTRACT_GUARDED ? next - pending : next;
    unsigned fired = 0;
    for (; fired < most && tested > threshold; ++fired) {
      if (reset == VALUE) {
        next = p[RESET_VALUE];
      } else if (reset == SUBTRACT || reset == SUBTRACT_GUARDED) {
        next -= p[RESET_VALUE];
      }
      tested = next;
    }
    return fired;
  }
};

// One step of the pools of a tile: their sums, times the factor that is their only parameter.
template <class Word> class FloatPool : public poplar::MultiVertex {
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
      sent[n] = sums[n] * parameters[std::size_t{n} * stride];
      if (sent[n] != 0.0F) {
        finder.add(first + n, bitsOf(sent[n]));
      }
    }
    finder.close();
    return true;
  }
};

template class FloatNeuron<int, unsigned short>;
template class FloatNeuron<int, unsigned int>;
template class FloatNeuron<float, unsigned short>;
template class FloatNeuron<float, unsigned int>;
template class FloatPool<unsigned short>;
template class FloatPool<unsigned int>;

} // namespace axonc
