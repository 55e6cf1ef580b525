// Neurons integrated exactly, whose spikes fall within a step: the operations of the native target, each rounded once.
#include "scalars.h" // before Poplar, whose names it must not see

#include <poplar/Vertex.hpp>

#include "neurons.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step of the neurons of a tile. Under an input x the voltage runs from v + jump x toward leak + drive x at `rate`, or
// along drive x where that is 0, and begins anew at every crossing of the threshold, `most` times. `current`: when, from
// 0 to 1, the latest spike was in its step. `subtracts`: whether a spike takes the threshold away, else it sets a value;
// `inclusive`: whether reaching the threshold, and at the step's end, is a spike.
template <class Word> class ExactNeuron : public poplar::MultiVertex {
public:
  enum Parameter : unsigned { RATE, JUMP, DRIVE, LEAK, THRESHOLD, RESET_VALUE };

  Input<Vector<float>> sums;
  Input<Vector<float>> parameters;
  InOut<Vector<float>> voltage;
  InOut<Vector<float>> current;
  Output<Vector<unsigned char>> sent;
  Output<Vector<Word>> found;
  const unsigned first = 0;
  const unsigned stride = 0;
  const unsigned words = 1;
  const unsigned most = 0;
  const bool subtracts = false;
  const bool inclusive = false;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, voltage.size());
    Finder<Word> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      const float *p = &parameters[std::size_t{n} * stride];
      const float x = totalOf(sums, voltage.size(), n);
      const float slope = p[DRIVE] * x;
      const float target = p[LEAK] + slope;
      float v = voltage[n] + p[JUMP] * x;
      float left = 1.0F;
      const unsigned fired = cross(p, n, target, slope, v, left);
      const float rate = p[RATE];
      voltage[n] = rate > 0 ? target + (v - target) * axonc_expf(-rate * left) : v + slope * left;
      if (sent.size() != 0) {
        sent[n] = static_cast<unsigned char>(fired);
      }
      if (fired != 0) {
        finder.add(first + n, fired);
      }
    }
    finder.close();
    return true;
  }

private:
  // Goes from spike to spike; how many there are.
  unsigned cross(const float *p, unsigned n, float target, float slope, float &v, float &left) {
    const float threshold = p[THRESHOLD];
    for (unsigned fired = 0; fired < most; ++fired) {
      const bool passed = inclusive ? v >= threshold : v > threshold;
      const float wait = passed ? 0.0F : axonc_crossing(v, threshold, p[RATE], target, slope);
      if (!(inclusive ? wait <= left : wait < left)) {
        return fired;
      }
      v = subtracts ? (v > threshold ? v : threshold) - threshold : p[RESET_VALUE];
      left = left - wait;
      current[n] = 1 - left;
    }
    return most;
  }
};

template class ExactNeuron<unsigned short>;
template class ExactNeuron<unsigned int>;

} // namespace axonc
