// Sparse matrices: forward, backward, and the gradients of what they store. A tile has, for each source, the synapses that
// lead to its own targets: sources and targets ascending. Every product is rounded before it is added.
#include <poplar/Vertex.hpp>

#include "synapses.hpp"

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
    const auto beginOf = [&](unsigned n) { return begun(bias, n); };
    synapseProduct(*this, worker, beginOf, [&](unsigned k) { return weights[k]; });
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
    synapseParts(*this, worker, [&](unsigned k) { return weights[k]; });
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
    each(worker, std::size_t{neurons} * lanes, [&](unsigned i) {
      const Places places = placesOf(i, batch, neurons, perTile, lanes);
      for (unsigned sample = 0; sample < batch; ++sample) {
        eachSynapse(*this, i, places.first + sample * places.step, [&](unsigned k, auto value) {
          gradient[k] += summed(inputs, sample * width + targets[k]) * static_cast<float>(value);
        });
      }
    });
    return true;
  }
};

template class SynapseProduct<unsigned char>;
template class SynapseProduct<float>;
template class SynapseOuter<unsigned char>;
template class SynapseOuter<float>;

} // namespace axonc
