// Sparse matrices: forward, backward, and the gradients of what they store. A tile has, for each source, the synapses that
// lead to its own targets: sources and targets ascending. Every product is rounded before it is added.
#include <poplar/Vertex.hpp>

#include "signals.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// y[b] = bias + sum over sources i and their synapses k of weights[k] x[b, i] at targets[k]. Workers share samples.
template <class Value> class SynapseProduct : public poplar::MultiVertex {
public:
  Input<Vector<Value>> x;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short>> targets;
  Input<Vector<float>> weights;
  Input<Vector<float>> bias;
  Output<Vector<float>> y;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    for (unsigned sample = worker; sample < batch; sample += WORKERS) {
      float *sums = &y[std::size_t{sample} * width];
      for (unsigned n = 0; n < width; ++n) {
        sums[n] = bias.size() == 0 ? 0.0F : bias[n] + 0.0F; // -0 becomes 0
      }
      for (unsigned i = 0; i < neurons * lanes; ++i) {
        const Places places = placesOf(i, batch, neurons, perTile, lanes);
        const float value = static_cast<float>(x[places.first + sample * places.step]);
        for (unsigned k = starts[i]; value != 0.0F && k < starts[i + 1]; ++k) {
          sums[targets[k]] += weights[k] * value;
        }
      }
    }
    return true;
  }
};

// What a tile's neurons contribute to the derivative of each source: parts[b, i] = sum over its synapses k of
// weights[k] y[b, targets[k]], y the sum of `inputs`. `parts` lie as the source's signal does. Workers share sources.
class SynapseParts : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short>> targets;
  Input<Vector<float>> weights;
  Output<Vector<float>> parts;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    const std::size_t width = inputs[0].size() / batch;
    const Range mine = rangeOf(worker, std::size_t{neurons} * lanes);
    for (unsigned i = mine.begin; i < mine.end; ++i) {
      const Places places = placesOf(i, batch, neurons, perTile, lanes);
      for (unsigned sample = 0; sample < batch; ++sample) {
        float sum = 0.0F;
        for (unsigned k = starts[i]; k < starts[i + 1]; ++k) {
          sum += weights[k] * summed(inputs, sample * width + targets[k]);
        }
        parts[places.first + sample * places.step] = sum;
      }
    }
    return true;
  }
};

// gradient[k] += sum over samples of y[b, targets[k]] x[b, i] for the synapses k of source i, y the sum of `inputs`.
// Workers share sources.
template <class Value> class SynapseOuter : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<Value>> x;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short>> targets;
  InOut<Vector<float>> gradient;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    const std::size_t width = inputs[0].size() / batch;
    const Range mine = rangeOf(worker, std::size_t{neurons} * lanes);
    for (unsigned i = mine.begin; i < mine.end; ++i) {
      const Places places = placesOf(i, batch, neurons, perTile, lanes);
      for (unsigned sample = 0; sample < batch; ++sample) {
        const float value = static_cast<float>(x[places.first + sample * places.step]);
        for (unsigned k = starts[i]; value != 0.0F && k < starts[i + 1]; ++k) {
          gradient[k] += summed(inputs, sample * width + targets[k]) * value;
        }
      }
    }
    return true;
  }
};

template class SynapseProduct<unsigned char>;
template class SynapseProduct<float>;
template class SynapseOuter<unsigned char>;
template class SynapseOuter<float>;

} // namespace axonc
