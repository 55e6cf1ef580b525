// Sums over synapses, of which a tile has, for each source, those that lead to its own targets: sources and targets
// ascending. What a synapse weighs is the caller's to say: a weight of its own, or an element of a kernel.
#ifndef AXONC_SYNAPSES_HPP
#define AXONC_SYNAPSES_HPP

#include "signals.hpp"

namespace axonc {

// Calls visit(k, value) for the synapses k of source i, where the source's value at a place of the vertex's x is not 0.
template <class Vertex, class Visit> void eachSynapse(const Vertex &v, unsigned i, std::size_t place, Visit visit) {
  const auto value = v.x[place];
  for (unsigned k = v.starts[i]; value != 0 && k < v.starts[i + 1]; ++k) {
    visit(k, value);
  }
}

// y[b] = beginOf(n) + sum over sources i and their synapses k of weightOf(k) x[b, i] at targets[k]. Workers share samples.
template <class Vertex, class Begin, class Weight>
void synapseProduct(Vertex &v, unsigned worker, Begin beginOf, Weight weightOf) {
  const unsigned width = static_cast<unsigned>(v.y.size()) / v.batch;
  for (unsigned sample = worker; sample < v.batch; sample += WORKERS) {
    float *sums = &v.y[std::size_t{sample} * width];
    for (unsigned n = 0; n < width; ++n) {
      sums[n] = beginOf(n);
    }
    for (unsigned i = 0; i < v.neurons * v.lanes; ++i) {
      const Places places = placesOf(i, v.batch, v.neurons, v.perTile, v.lanes);
      eachSynapse(v, i, places.first + sample * places.step, [&](unsigned k, auto value) {
        sums[v.targets[k]] += weightOf(k) * static_cast<float>(value);
      });
    }
  }
}

// parts[b, i] = sum over the synapses k of source i of weightOf(k) y[b, targets[k]], y the sum of `inputs`. Workers share
// sources.
template <class Vertex, class Weight> void synapseParts(Vertex &v, unsigned worker, Weight weightOf) {
  const std::size_t width = v.inputs[0].size() / v.batch;
  each(worker, std::size_t{v.neurons} * v.lanes, [&](unsigned i) {
    const Places places = placesOf(i, v.batch, v.neurons, v.perTile, v.lanes);
    for (unsigned sample = 0; sample < v.batch; ++sample) {
      float sum = 0.0F;
      for (unsigned k = v.starts[i]; k < v.starts[i + 1]; ++k) {
        sum += weightOf(k) * summed(v.inputs, sample * width + v.targets[k]);
      }
      v.parts[places.first + sample * places.step] = sum;
    }
  });
}

} // namespace axonc

#endif
