// Neurons in float for several samples at once, and the adjoint of their membrane; every operation is rounded once.
#include <poplar/Vertex.hpp>

#include "neurons.hpp"
#include "signals.hpp"
#include "surrogate.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step. `parameters`: a record for each neuron, in the order of `Parameter`. `current` is empty without a synapse,
// `before` (the voltage before test and reset) where nobody needs it. Without a gate, y is the voltage.
template <class Sent> class Neurons : public poplar::MultiVertex {
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
    LOWEST,
    FIELDS
  };

  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> parameters;
  InOut<Vector<float>> voltage;
  InOut<Vector<float>> current;
  Output<Vector<float>> before;
  Output<Vector<Sent>> y;
  const unsigned batch = 1;
  const unsigned reset = NONE;
  const bool gated = false;
  const bool seesOld = false;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    eachRow(rangeOf(worker, y.size()), width, [&](unsigned sample, unsigned begin, unsigned end) {
      for (unsigned n = begin; n < end; ++n) {
        update(&parameters[std::size_t{n} * FIELDS], std::size_t{sample} * width + n);
      }
    });
    return true;
  }

private:
  void update(const float *p, std::size_t at) {
    const float next = (p[DECAY] * voltage[at] + p[GAIN] * drive(p, at)) + p[CONSTANT];
    if (before.size() != 0) {
      before[at] = next;
    }
    const bool fired = gated && next > p[THRESHOLD];
    float after = next;
    if (fired && reset != NONE) {
      after = reset == VALUE ? p[RESET_VALUE] : next - p[RESET_VALUE];
    }
    voltage[at] = gated && after < p[LOWEST] ? p[LOWEST] : after;
    y[at] = static_cast<Sent>(gated ? static_cast<float>(fired) : voltage[at]);
  }

  // What the membrane sees: the current, updated, or the sum itself.
  float drive(const float *p, std::size_t at) {
    const float sum = summed(inputs, at);
    if (current.size() == 0) {
      return sum;
    }
    const float old = current[at];
    current[at] = (p[CURRENT_DECAY] * old + p[CURRENT_GAIN] * sum) + p[CURRENT_OFFSET];
    return seesOld ? old : current[at];
  }
};

// The derivative y of the voltage before test and reset, which the earlier step goes on from. `before`: that voltage,
// `events`: where it passed the threshold, empty where the reset does not need it.
class NeuronsBack : public poplar::MultiVertex {
public:
  enum Parameter : unsigned { DECAY, THRESHOLD, RESET_VALUE, FIELDS };

  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> parameters;
  Input<Vector<float>> before;
  Input<Vector<unsigned char>> events;
  InOut<Vector<float>> y;
  const unsigned batch = 1;
  const unsigned reset = NONE;
  const unsigned surrogate = SUPERSPIKE;
  const float steepness = 1;
  const float height = 1;
  const float below = 1;
  const bool attached = false;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    eachRow(rangeOf(worker, y.size()), width, [&](unsigned sample, unsigned begin, unsigned end) {
      for (unsigned n = begin; n < end; ++n) {
        const std::size_t at = std::size_t{sample} * width + n;
        y[at] = derivative(&parameters[std::size_t{n} * FIELDS], at);
      }
    });
    return true;
  }

private:
  float derivative(const float *p, std::size_t at) {
    const float kept = p[DECAY] * y[at];
    const float slope = surrogateOf(surrogate, before[at] - p[THRESHOLD], steepness, height, below);
    float fired = summed(inputs, at);
    if (attached && reset == VALUE) {
      fired += kept * (p[RESET_VALUE] - before[at]);
    } else if (attached && reset != NONE) {
      fired -= kept * p[THRESHOLD];
    }
    const float through = reset == VALUE ? kept * (1.0F - static_cast<float>(events[at])) : kept;
    return through + slope * fired;
  }
};

template class Neurons<unsigned char>;
template class Neurons<float>;

} // namespace axonc
