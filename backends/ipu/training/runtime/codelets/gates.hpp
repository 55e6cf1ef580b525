// Units with gates: what belongs to the gates of a unit has a lane for each.
#ifndef AXONC_GATES_HPP
#define AXONC_GATES_HPP

#include "signals.hpp"

namespace axonc {

// Calls visit(n, at, gates) for what a worker has of `elements` units of all samples: the number of a unit on the tile, its
// place in a signal, and the places of its gates.
template <unsigned GATES, class Visit> void eachUnit(unsigned worker, std::size_t elements, unsigned batch, Visit visit) {
  const unsigned units = static_cast<unsigned>(elements) / batch;
  eachRow(rangeOf(worker, elements), units, [&](unsigned sample, unsigned begin, unsigned end) {
    for (unsigned n = begin; n < end; ++n) {
      std::size_t gates[GATES];
      for (unsigned gate = 0; gate < GATES; ++gate) {
        gates[gate] = (std::size_t{sample} * GATES + gate) * units + n;
      }
      visit(n, std::size_t{sample} * units + n, gates);
    }
  });
}

} // namespace axonc

#endif
