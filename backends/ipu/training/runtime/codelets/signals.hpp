// How signals, matrices and sums lie on tiles, and how the workers of a tile share them.
//
// A signal has `lanes` elements for each neuron and sample; a tile with n neurons holds [batch, lanes, n]. Read as a whole
// it is one such piece after another. A matrix lies on the tiles of the neurons that it leads to: a row of lanes * n
// weights for each source, sources in the order lane after lane.
#ifndef AXONC_SIGNALS_HPP
#define AXONC_SIGNALS_HPP

#include "workers.hpp"

namespace axonc {

// The places of a whole signal's elements: those of the samples of element `i`, from `first` on, `step` apart.
struct Places {
  std::size_t first;
  std::size_t step;
};

inline Places placesOf(unsigned i, unsigned batch, unsigned neurons, unsigned perTile, unsigned lanes) {
  const unsigned lane = i / neurons;
  const unsigned neuron = i % neurons;
  const unsigned begin = neuron / perTile * perTile;
  const unsigned count = begin + perTile < neurons ? perTile : neurons - begin;
  const std::size_t width = std::size_t{lanes} * count;
  return {std::size_t{begin} * lanes * batch + std::size_t{lane} * count + (neuron - begin), width};
}

// Calls visit(sample, begin, end) for what a worker has of every sample's row of `width` elements.
template <class Visit> void eachRow(Range mine, unsigned width, Visit visit) {
  for (unsigned at = mine.begin; at < mine.end;) {
    const unsigned sample = at / width;
    const unsigned next = (sample + 1) * width;
    const unsigned end = next < mine.end ? next : mine.end;
    visit(sample, at - sample * width, end - sample * width);
    at = end;
  }
}

// The sum of what several signals have at a place, in their order.
template <class Rows> float summed(const Rows &rows, std::size_t at) {
  float sum = static_cast<float>(rows[0][at]);
  for (std::size_t row = 1; row < rows.size(); ++row) {
    sum += static_cast<float>(rows[row][at]);
  }
  return sum;
}

// What a sum of neuron n begins with: its bias, of which -0 becomes 0; without biases 0.
template <class Bias> float begun(const Bias &bias, unsigned n) { return bias.size() == 0 ? 0.0F : bias[n] + 0.0F; }

// The sum over the neurons n of a tile of row[n] times what several signals have from `at` on.
template <class Rows> float product(const float *row, const Rows &rows, std::size_t at, std::size_t width) {
  float sum = 0.0F;
  for (std::size_t n = 0; n < width; ++n) {
    sum += row[n] * summed(rows, at + n);
  }
  return sum;
}

} // namespace axonc

#endif
