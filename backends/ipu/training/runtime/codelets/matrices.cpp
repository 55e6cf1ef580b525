// Matrices: forward, backward, and their gradients. Every sum runs over ascending sources, neurons or samples, and
// every product is rounded before it is added.
#include <poplar/Vertex.hpp>

#include "signals.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// y[b] = bias + sum over sources i of weights[i] x[b, i]. `x`: a whole signal, of which zeros cost one look.
template <class Value> class Product : public poplar::MultiVertex {
public:
  Input<Vector<Value>> x;
  Input<Vector<float>> weights;
  Input<Vector<float>> bias;
  Output<Vector<float>> y;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    eachRow(rangeOf(worker, y.size()), width, [&](unsigned sample, unsigned begin, unsigned end) {
      float *sums = &y[std::size_t{sample} * width];
      for (unsigned n = begin; n < end; ++n) {
        sums[n] = begun(bias, n);
      }
      for (unsigned i = 0; i < neurons * lanes; ++i) {
        const Places places = placesOf(i, batch, neurons, perTile, lanes);
        const float value = static_cast<float>(x[places.first + sample * places.step]);
        if (value == 0.0F) {
          continue;
        }
        const float *row = &weights[std::size_t{i} * width];
        for (unsigned n = begin; n < end; ++n) {
          sums[n] += row[n] * value;
        }
      }
    });
    return true;
  }
};

// What a tile's neurons contribute to the derivative of each source: parts[b, i] = sum over n of weights[i, n] y[b, n],
// y the sum of `inputs`. `parts` lie as the source's signal does.
class Parts : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> weights;
  Output<Vector<float>> parts;
  const unsigned batch = 1;
  const unsigned neurons = 1;
  const unsigned perTile = 1;
  const unsigned lanes = 1;

  bool compute(unsigned worker) {
    const std::size_t width = inputs[0].size() / batch;
    each(worker, std::size_t{neurons} * lanes, [&](unsigned i) {
      const Places places = placesOf(i, batch, neurons, perTile, lanes);
      const float *row = &weights[i * width];
      for (unsigned sample = 0; sample < batch; ++sample) {
        parts[places.first + sample * places.step] = product(row, inputs, sample * width, width);
      }
    });
    return true;
  }
};

// y = the sum of what every tile contributed, in the order of the tiles.
class Collect : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> parts;
  Output<Vector<float>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      y[n] = summed(parts, n);
    });
    return true;
  }
};

// gradient[i, n] += sum over samples of y[b, n] x[b, i], y the sum of `inputs`; sources that were 0 are passed over.
template <class Value> class Outer : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<Value>> x;
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
        const float value = static_cast<float>(x[places.first + sample * places.step]);
        for (std::size_t n = 0; value != 0.0F && n < width; ++n) {
          gradient[i * width + n] += summed(inputs, sample * width + n) * value;
        }
      }
    });
    return true;
  }
};

// gradient[n] += sum over samples of y[b, n], y the sum of `inputs`.
class Total : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  InOut<Vector<float>> gradient;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    each(worker, gradient.size(), [&](unsigned n) {
      for (unsigned sample = 0; sample < batch; ++sample) {
        gradient[n] += summed(inputs, sample * gradient.size() + n);
      }
    });
    return true;
  }
};

template class Product<unsigned char>;
template class Product<float>;
template class Outer<unsigned char>;
template class Outer<float>;

} // namespace axonc
