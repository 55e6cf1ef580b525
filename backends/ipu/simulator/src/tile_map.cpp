#include "tile_map.hpp"

#include <iterator>

namespace axonc_ipu {

void TileMap::set(std::size_t begin, std::size_t end, unsigned tile) {
  if (begin == end) {
    return;
  }
  auto part = parts_.upper_bound(begin);
  if (part != parts_.begin() && std::prev(part)->second.end > begin) {
    --part;
  }
  while (part != parts_.end() && part->first < end) {
    const std::size_t first = part->first;
    const Part old = part->second;
    part = parts_.erase(part);
    if (first < begin) {
      parts_.emplace(first, Part{begin, old.tile});
    }
    if (old.end > end) {
      part = parts_.emplace(end, Part{old.end, old.tile}).first;
    }
  }
  parts_.emplace_hint(part, begin, Part{end, tile});
}

std::vector<Placed> TileMap::placed() const {
  std::vector<Placed> sorted;
  for (const auto &[begin, part] : parts_) {
    if (!sorted.empty() && sorted.back().end == begin && sorted.back().tile == part.tile) {
      sorted.back().end = part.end;
    } else {
      sorted.push_back({begin, part.end, part.tile});
    }
  }
  return sorted;
}

} // namespace axonc_ipu
