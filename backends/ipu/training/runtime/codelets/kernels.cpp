// Convolutions and pools: as synapses whose weights are elements of a kernel, the same for all places. A tile has, for each
// source, the synapses that lead to its own targets, with the number of each one's element. All tiles read all of the
// kernel; what they add to its gradient lies on each, and is added up over the tiles when a sequence is over.
#include <poplar/Vertex.hpp>

#include "synapses.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// y[b] = bias of the channel + sum over sources i and their synapses k of kernel[taps[k]] x[b, i] at targets[k]. Workers
// share samples.
template <class Value> class KernelProduct : public poplar::MultiVertex {
public:
  Input<Vector<Value>> x;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short>> targets;
  Input<Vector<unsigned>> taps;
  Input<Vector<float>> kernel;
  Input<Vector<float>> bias;
  Input<Vector<unsigned>> channels;
  Output<Vector<float>> y;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    const auto beginOf = [&](unsigned n) { return bias.size() == 0 ? 0.0F : begun(bias, channels[n]); };
    synapseProduct(*this, worker, beginOf, [&](unsigned k) { return kernel[taps[k]]; });
    return true;
  }
};

// What a tile's neurons contribute to the derivative of each source, as `SynapseParts`. Workers share sources.
class KernelParts : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short>> targets;
  Input<Vector<unsigned>> taps;
  Input<Vector<float>> kernel;
  Output<Vector<float>> parts;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    synapseParts(*this, worker, [&](unsigned k) { return kernel[taps[k]]; });
    return true;
  }
};

// What a tile adds to the gradient of a kernel: over samples, sources and their synapses, y[b, targets[k]] x[b, i] at
// taps[k], y the sum of `inputs`. Workers share the kernel.
template <class Value> class KernelOuter : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<Value>> x;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short>> targets;
  Input<Vector<unsigned>> taps;
  InOut<Vector<float>> gradient;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    const std::size_t width = inputs[0].size() / batch;
    const Range mine = rangeOf(worker, gradient.size());
    for (unsigned sample = 0; sample < batch; ++sample) {
      for (unsigned i = 0; i < neurons * lanes; ++i) {
        const Places places = placesOf(i, batch, neurons, perTile, lanes);
        eachSynapse(*this, i, places.first + sample * places.step, [&](unsigned k, auto value) {
          if (taps[k] >= mine.begin && taps[k] < mine.end) {
            gradient[taps[k]] += summed(inputs, sample * width + targets[k]) * static_cast<float>(value);
          }
        });
      }
    }
    return true;
  }
};

// What a tile adds to the gradient of a bias: over samples and its neurons, y[b, n] at the neuron's channel.
class ChannelTotal : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<unsigned>> channels;
  InOut<Vector<float>> gradient;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    const std::size_t width = inputs[0].size() / batch;
    const Range mine = rangeOf(worker, gradient.size());
    for (unsigned sample = 0; sample < batch; ++sample) {
      for (std::size_t n = 0; n < width; ++n) {
        if (channels[n] >= mine.begin && channels[n] < mine.end) {
          gradient[channels[n]] += summed(inputs, sample * width + n);
        }
      }
    }
    return true;
  }
};

// y[b] = factor times the sum of what a window sees. Workers share targets: of counts, four lie in a word.
template <class Value, class Result> class Window : public poplar::MultiVertex {
public:
  Input<Vector<Value>> x;
  Input<Vector<unsigned>> starts;
  Input<Vector<unsigned short>> targets;
  Output<Vector<Result>> y;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;
  const float factor = 1;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    eachRow(rangeOf(worker, y.size()), width, [&](unsigned sample, unsigned begin, unsigned end) {
      Result *sums = &y[std::size_t{sample} * width];
      for (unsigned n = begin; n < end; ++n) {
        sums[n] = 0;
      }
      add(sums, sample, begin, end);
      for (unsigned n = begin; n < end; ++n) {
        sums[n] = static_cast<Result>(static_cast<float>(sums[n]) * factor);
      }
    });
    return true;
  }

private:
  void add(Result *sums, unsigned sample, unsigned begin, unsigned end) {
    for (unsigned i = 0; i < neurons * lanes; ++i) {
      const Places places = placesOf(i, batch, neurons, perTile, lanes);
      eachSynapse(*this, i, places.first + sample * places.step, [&](unsigned k, Value value) {
        if (targets[k] >= begin && targets[k] < end) {
          sums[targets[k]] = static_cast<Result>(sums[targets[k]] + static_cast<Result>(value));
        }
      });
    }
  }
};

template class KernelProduct<unsigned char>;
template class KernelProduct<float>;
template class KernelOuter<unsigned char>;
template class KernelOuter<float>;
template class Window<unsigned char, unsigned char>;
template class Window<unsigned char, float>;
template class Window<float, float>;

} // namespace axonc
