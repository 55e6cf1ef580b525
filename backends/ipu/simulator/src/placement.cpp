// Rule: every element of every variable and constant is on one tile.
#include "checks.hpp"
#include "executable.hpp"

namespace axonc_ipu {

void place(Executable &executable) {
  Problems problems;
  for (const Variable &variable : executable.graph->variables) {
    Placement placement = variable.tiles.placed();
    std::size_t next = 0;
    for (const Placed &part : placement) {
      if (part.begin > next) {
        problems.add("Tensor '", variable.name, "': elements [", next, ":", part.begin, ") are not mapped to any tile");
      }
      next = part.end;
    }
    if (next < variable.count) {
      problems.add("Tensor '", variable.name, "': elements [", next, ":", variable.count,
                   ") are not mapped to any tile");
    }
    executable.placements.push_back(std::move(placement));
  }
  problems.raise<poplar::invalid_tile_mapping>();
}

} // namespace axonc_ipu
