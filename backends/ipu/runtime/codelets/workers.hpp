// How the six workers of a tile share its neurons, and what a list of events looks like.
//
// A list is a vector of integers: how many records follow, then the records in the order of their sources. A record is
// the number of a source; where its events carry a value, the value follows.
#ifndef AXONC_WORKERS_HPP
#define AXONC_WORKERS_HPP

#include <cstddef>
#include <type_traits>

namespace axonc {

constexpr unsigned WORKERS = 6;

// Elements of a worker: a multiple of four, so that no two workers write into one word, whatever the elements' size.
inline unsigned shareOf(std::size_t elements) {
  return (static_cast<unsigned>(elements) + 4 * WORKERS - 1) / (4 * WORKERS) * 4;
}

struct Range {
  unsigned begin;
  unsigned end;
};

// The elements of a worker.
inline Range rangeOf(unsigned worker, std::size_t elements) {
  const unsigned count = static_cast<unsigned>(elements);
  const unsigned share = shareOf(elements);
  const unsigned begin = worker * share < count ? worker * share : count;
  return {begin, begin + share < count ? begin + share : count};
}

// The value of a record, which is signed, as stored in a list.
template <class Word> int valueOf(Word word) { return static_cast<std::make_signed_t<Word>>(word); }

} // namespace axonc

#endif
