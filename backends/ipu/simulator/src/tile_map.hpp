// On which tile each element of a variable is.
#ifndef AXONC_IPU_TILE_MAP_HPP
#define AXONC_IPU_TILE_MAP_HPP

#include "view.hpp"

#include <algorithm>
#include <map>
#include <vector>

namespace axonc_ipu {

struct Placed {
  std::size_t begin;
  std::size_t end;
  unsigned tile;
};

// While a graph is made: intervals may be mapped again.
class TileMap {
public:
  void set(std::size_t begin, std::size_t end, unsigned tile);
  std::vector<Placed> placed() const; // sorted; neighbours on one tile are one

private:
  struct Part {
    std::size_t end;
    unsigned tile;
  };
  std::map<std::size_t, Part> parts_;
};

// Once it is made: where to look an element up. `placed` covers all elements from 0.
using Placement = std::vector<Placed>;

inline Placement::const_iterator placedAt(const Placement &placement, std::size_t element) {
  return std::upper_bound(placement.begin(), placement.end(), element,
                          [](std::size_t value, const Placed &part) { return value < part.end; });
}

// Calls visit(tile, first, count) for the stretches of a run's elements first, first + 1, ... that share a tile.
template <class F>
void eachTile(const Run &run, std::size_t from, std::size_t count, const Placement &placement, F &&visit) {
  for (std::size_t i = from; i < from + count;) {
    const std::size_t element = run.element(i);
    const auto part = placedAt(placement, element);
    std::size_t here = from + count - i;
    if (run.stride > 0) {
      const auto stride = static_cast<std::size_t>(run.stride);
      here = std::min(here, (part->end - element + stride - 1) / stride);
    } else if (run.stride < 0) {
      here = std::min(here, (element - part->begin) / static_cast<std::size_t>(-run.stride) + 1);
    }
    visit(part->tile, i, here);
    i += here;
  }
}

} // namespace axonc_ipu

#endif
