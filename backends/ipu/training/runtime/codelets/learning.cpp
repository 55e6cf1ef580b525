// Losses, and the optimisers that move parameters. `hyper` comes from the host with every step of training.
#include "elements.h" // before Poplar, whose names they must not see
#include "functions.h"

#include <cmath>
#include <poplar/Vertex.hpp>

#include "signals.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// -log softmax(scale r)[label], the mean over samples, r = pooled / divisor; its derivative with respect to the output
// of a step. Sums run over ascending classes and samples. A sample whose label is no class counts for nothing: `hyper`
// says what share of the loss each other has. `pooled` and `slope`: whole signals.
class CrossEntropy : public poplar::Vertex {
public:
  Input<Vector<float>> pooled;
  Input<Vector<unsigned>> target;
  Input<Vector<float>> hyper;
  Output<Vector<float>> slope;
  Output<Vector<float>> loss;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;
  const float divisor = 1;
  const float scale = 1;

  bool compute() {
    float total = 0.0F;
    for (unsigned sample = 0; sample < batch; ++sample) {
      total += ofSample(sample);
    }
    loss[0] = total * hyper[AXONC_SHARE];
    return true;
  }

private:
  std::size_t placeOf(unsigned sample, unsigned c) const {
    const Places places = placesOf(c, batch, neurons, perTile, lanes);
    return places.first + sample * places.step;
  }

  float logit(unsigned sample, unsigned c) const { return axonc_logit(pooled[placeOf(sample, c)], divisor, scale); }

  float ofSample(unsigned sample) {
    const unsigned classes = neurons * lanes;
    const unsigned label = target[sample];
    float largest = logit(sample, 0);
    for (unsigned c = 1; c < classes; ++c) {
      largest = std::fmax(largest, logit(sample, c));
    }
    float sum = 0.0F;
    for (unsigned c = 0; c < classes; ++c) {
      sum += axonc_expf(logit(sample, c) - largest);
    }
    for (unsigned c = 0; c < classes; ++c) {
      const float part = axonc_expf(logit(sample, c) - largest) / sum;
      const float wanted = c == label ? 1.0F : 0.0F;
      const float off = axonc_cross_entropy_slope(part, wanted, divisor, scale, hyper[AXONC_SHARE]);
      slope[placeOf(sample, c)] = label < classes ? off : 0.0F;
    }
    return label < classes ? axonc_logf(sum) - (logit(sample, label) - largest) : 0.0F;
  }
};

// The mean of (r - target)^2, r = pooled / divisor; its derivative with respect to the output of a step. The sum runs over
// ascending elements of ascending samples. A target that is no number counts for nothing. `pooled`, `target` and `slope`:
// whole signals.
class MeanSquared : public poplar::Vertex {
public:
  Input<Vector<float>> pooled;
  Input<Vector<float>> target;
  Input<Vector<float>> hyper;
  Output<Vector<float>> slope;
  Output<Vector<float>> loss;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;
  const float divisor = 1;

  bool compute() {
    float total = 0.0F;
    for (unsigned sample = 0; sample < batch; ++sample) {
      for (unsigned i = 0; i < neurons * lanes; ++i) {
        const Places places = placesOf(i, batch, neurons, perTile, lanes);
        const std::size_t n = places.first + sample * places.step;
        total += axonc_squared(&slope[n], pooled[n], target[n], divisor, hyper[AXONC_SHARE]);
      }
    }
    loss[0] = total * hyper[AXONC_SHARE];
    return true;
  }
};

// Momentum: u = momentum u + gradient; value = kept value - rate u.
class Sgd : public poplar::MultiVertex {
public:
  InOut<Vector<float>> value;
  InOut<Vector<float>> momentum;
  Input<Vector<float>> gradient;
  Input<Vector<float>> hyper;
  const float inertia = 0;

  bool compute(unsigned worker) {
    each(worker, value.size(), [&](unsigned n) {
      axonc_sgd_move(&value[n], &momentum[n], gradient[n], &hyper[0], inertia);
    });
    return true;
  }
};

// Running means of the gradient and of its square; value = kept value - rate mean' / (sqrt(square') + epsilon).
class Adam : public poplar::MultiVertex {
public:
  InOut<Vector<float>> value;
  InOut<Vector<float>> mean;
  InOut<Vector<float>> square;
  Input<Vector<float>> gradient;
  Input<Vector<float>> hyper;
  const float beta1 = 0;
  const float rest1 = 1;
  const float beta2 = 0;
  const float rest2 = 1;
  const float epsilon = 0;

  bool compute(unsigned worker) {
    each(worker, value.size(), [&](unsigned n) {
      axonc_adam_move(
          &value[n], &mean[n], &square[n], gradient[n], &hyper[0], beta1, rest1, beta2, rest2, epsilon);
    });
    return true;
  }
};

} // namespace axonc
