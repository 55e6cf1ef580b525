// What neurons in integers and in float share: reading their sums, resets, and lists of spikes.
#ifndef AXONC_NEURONS_HPP
#define AXONC_NEURONS_HPP

#include "workers.hpp"

namespace axonc {

// What a spike does to the voltage, as the compiler's graph defines it.
enum Reset : unsigned { NONE, VALUE, SUBTRACT, SUBTRACT_GUARDED, SUBTRACT_NEXT };

inline bool isPending(unsigned reset) { return reset == SUBTRACT_GUARDED || reset == SUBTRACT_NEXT; }

// The sum of what all projections added up for accumulator n. `sums`: one part of `accumulators` after another.
template <class Sums> auto totalOf(const Sums &sums, std::size_t accumulators, std::size_t n) {
  auto total = sums[n];
  for (std::size_t at = n + accumulators; at < sums.size(); at += accumulators) {
    total += sums[at];
  }
  return total;
}

// The same where sums are shifted before they are added: by `shifts`, which lie as `sums` do; without any, by nothing.
template <class Sums, class Shifts>
auto shiftedTotalOf(const Sums &sums, const Shifts &shifts, std::size_t accumulators, std::size_t n) {
  if (shifts.size() == 0) {
    return totalOf(sums, accumulators, n);
  }
  decltype(totalOf(sums, accumulators, n)) total = 0;
  for (std::size_t at = n; at < sums.size(); at += accumulators) {
    total += sums[at] * static_cast<decltype(total)>(1 << shifts[at]);
  }
  return total;
}

// The sums of a tile: parts of projections, in each of them lane after lane of `units`.
template <class Sums> auto laneOf(const Sums &sums, unsigned lanes, std::size_t units, unsigned lane, unsigned unit) {
  return totalOf(sums, lanes * units, lane * units + unit);
}

// The list that a worker writes; without room (no part of `found` is a worker's) nobody wants it.
template <class Word> class Finder {
public:
  template <class Found>
  Finder(const Found &found, unsigned worker, unsigned words)
      : list_(found.size() == 0 ? nullptr : &found[worker * (found.size() / WORKERS)]), words_(words) {}

  void add(unsigned source, unsigned value) {
    if (list_ == nullptr) {
      return;
    }
    Word *record = &list_[1 + std::size_t{count_} * words_];
    record[0] = static_cast<Word>(source);
    if (words_ == 2) {
      record[1] = static_cast<Word>(value);
    }
    ++count_;
  }

  // Writes how many there are.
  void close() {
    if (list_ != nullptr) {
      list_[0] = static_cast<Word>(count_);
    }
  }

private:
  Word *list_;
  unsigned words_;
  unsigned count_ = 0;
};

} // namespace axonc

#endif
