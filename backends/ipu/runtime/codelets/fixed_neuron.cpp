// Populations of neurons in fixed point: an optional synaptic current, a membrane, an optional test that makes spikes.
#include <cstdint>

#include "arithmetic.h" // before Poplar, whose `half` it would hide

#include <poplar/Vertex.hpp>

#include "neurons.hpp"

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step of the neurons of a tile, in the integers that the compiler's interpreter defines.
//
// `parameters`: a record for each neuron, or one for all (`stride` 0), in the order of `Parameter`. `current` is empty
// without a synapse, `sent` (how many spikes) without a test, `found` where nobody needs a list, `shifts` where no sum is
// shifted.
// `clipped`, one a worker, counts values that left their format.
template <class Word> class FixedNeuron : public poplar::MultiVertex {
public:
  enum Parameter : unsigned {
    CURRENT_DECAY,
    CURRENT_MULTIPLIER,
    CURRENT_SHIFT,
    CURRENT_OFFSET,
    DECAY,
    MULTIPLIER,
    SHIFT,
    OFFSET,
    LEAK,
    THRESHOLD,
    RESET_VALUE,
    LOWEST
  };

  Input<Vector<int>> sums;
  Input<Vector<unsigned char>> shifts;
  Input<Vector<int>> parameters;
  InOut<Vector<int>> voltage;
  InOut<Vector<int>> current;
  Output<Vector<unsigned char>> sent;
  Output<Vector<Word>> found;
  InOut<Vector<unsigned>> clipped;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned reset = NONE;
  const unsigned most = 1;
  const unsigned words = 1;
  const int currentLimit = 0;
  const int limit = 0;
  const bool seesOld = false;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, voltage.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const int *p = &parameters[std::size_t{n} * stride];
      const int old = voltage[n];
      int next = updated(p, old, drive(p, n, worker), worker);
      if (sent.size() != 0) {
        const unsigned fired = fire(p, old, next, worker);
        sent[n] = static_cast<unsigned char>(fired);
        if (fired != 0) {
          finder.add(first + n, fired);
        }
        next = next < p[LOWEST] ? p[LOWEST] : next;
      }
      voltage[n] = next;
    }
    finder.close();
    return true;
  }

private:
  // A value clipped to its format.
  int clip(std::int64_t value, int bound, unsigned worker) {
    const std::int64_t kept = axonc_saturate(value, bound);
    clipped[worker] += kept != value;
    return static_cast<int>(kept);
  }

  // What the membrane sees: the current, updated, or the sum itself.
  int drive(const int *p, unsigned n, unsigned worker) {
    const int sum = shiftedTotalOf(sums, shifts, voltage.size(), n);
    if (current.size() == 0) {
      return sum;
    }
    const int before = current[n];
    const std::int64_t kept = axonc_decay(before, p[CURRENT_DECAY]);
    const std::int64_t driven =
        axonc_requantize(sum, p[CURRENT_MULTIPLIER], static_cast<unsigned>(p[CURRENT_SHIFT]));
    current[n] = clip(kept + driven + p[CURRENT_OFFSET], currentLimit, worker);
    return seesOld ? before : current[n];
  }

  int updated(const int *p, int old, int seen, unsigned worker) {
    const std::int64_t kept = axonc_decay(std::int64_t{old} - p[LEAK], p[DECAY]);
    const std::int64_t driven = axonc_requantize(seen, p[MULTIPLIER], static_cast<unsigned>(p[SHIFT]));
    return clip(p[LEAK] + kept + driven + p[OFFSET], limit, worker);
  }

  // Test and reset; how many spikes there were.
  unsigned fire(const int *p, int old, int &next, unsigned worker) {
    const int threshold = p[THRESHOLD];
    const int pending = isPending(reset) && old > threshold ? p[RESET_VALUE] : 0;
    if (reset == SUBTRACT_NEXT) {
      next = clip(std::int64_t{next} - pending, limit, worker);
    }
    std::int64_t tested = std::int64_t{next} - (reset == SUBTRACT_GUARDED ? pending : 0);
    unsigned fired = 0;
    for (; fired < most && tested > threshold; ++fired) {
      if (reset == VALUE) {
        next = p[RESET_VALUE];
      } else if (reset == SUBTRACT || reset == SUBTRACT_GUARDED) {
        next = clip(std::int64_t{next} - p[RESET_VALUE], limit, worker);
      }
      tested = next;
    }
    return fired;
  }
};

template class FixedNeuron<unsigned short>;
template class FixedNeuron<unsigned int>;

} // namespace axonc
