// Parts of tensors that lie on a tile, and where vertices go.
#ifndef AXONC_PARTS_HPP
#define AXONC_PARTS_HPP

#include <poputil/VertexTemplates.hpp>

#include "costs.hpp"
#include "network.hpp"

namespace axonc {

// The part of a tensor that lies on a tile of a population: `each` elements a neuron.
inline Tensor partOf(const Tensor &tensor, const Layout &layout, unsigned tile, std::size_t each = 1) {
  const std::size_t begin = layout.first(tile) * each;
  return tensor.numElements() == 0 ? tensor : tensor.slice(begin, begin + layout.count(tile) * each);
}

// The part of a tensor that lies on a tile, where all tiles have equal parts.
inline Tensor equalPart(const Tensor &tensor, const Layout &layout, unsigned tile) {
  const std::size_t size = tensor.numElements() / layout.tiles();
  return tensor.slice(tile * size, (tile + 1) * size);
}

// A vertex on a tile, whose busiest worker issues so many instructions.
inline void place(Graph &graph, poplar::VertexRef vertex, unsigned tile, std::uint64_t instructions) {
  graph.setTileMapping(vertex, tile);
  graph.setPerfEstimate(vertex, cyclesOf(instructions));
}

// The vertex whose lists have the words of a population's.
inline std::string ofWord(const char *name, const Population &population) {
  return poputil::templateVertex(name, population.found.elementType());
}

} // namespace axonc

#endif
