#ifndef POPUTIL_TILE_MAPPING_HPP
#define POPUTIL_TILE_MAPPING_HPP

#include <poplar/Graph.hpp>

namespace poputil {

poplar::TileToTensorMapping calcLinearTileMapping(const poplar::Graph &graph, poplar::ArrayRef<std::size_t> shape,
                                                  unsigned minElementsPerTile, unsigned grainSize);
poplar::TileToTensorMapping calcLinearTileMapping(const poplar::Graph &graph, const poplar::Tensor &tensor);
void mapTensorLinearly(poplar::Graph &graph, const poplar::Tensor &tensor, unsigned minElementsPerTile,
                       unsigned grainSize);
void mapTensorLinearly(poplar::Graph &graph, const poplar::Tensor &tensor);
unsigned mapTensorLinearlyWithOffset(poplar::Graph &graph, const poplar::Tensor &tensor, unsigned offset);
unsigned getTileImbalance(const poplar::TileToTensorMapping &mapping, unsigned minElementsPerTile = 0,
                          unsigned grainSize = 1);
unsigned getTileImbalance(const poplar::Graph &graph, const poplar::Tensor &tensor, unsigned minElementsPerTile = 0,
                          unsigned grainSize = 1);

} // namespace poputil

#endif
