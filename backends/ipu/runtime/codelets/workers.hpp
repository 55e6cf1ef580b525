// How the six workers of a tile share its neurons, and what a list of events looks like.
//
// A list is a vector of integers: how many records follow, then the records in the order of their sources. A record is
// the number of a source; where its events carry a value, the value follows: an integer, or a float as its bits.
#ifndef AXONC_WORKERS_HPP
#define AXONC_WORKERS_HPP

#include <cstddef>
#include <cstring>
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

// Calls visit(n) for the elements of a worker.
template <class Visit> void each(unsigned worker, std::size_t elements, Visit visit) {
  const Range mine = rangeOf(worker, elements);
  for (unsigned n = mine.begin; n < mine.end; ++n) {
    visit(n);
  }
}

// Words of a record, of events that carry a Value; bool: none.
template <class Value> constexpr unsigned WORDS = std::is_same_v<Value, bool> ? 1 : 2;

// The value of a record: 1, a signed integer, or a float.
template <class Value, class Word> Value valueOf(const Word *record) {
  if constexpr (std::is_same_v<Value, bool>) {
    return true;
  } else if constexpr (std::is_same_v<Value, float>) {
    static_assert(sizeof(Word) == sizeof(float));
    float value;
    std::memcpy(&value, record + 1, sizeof value);
    return value;
  } else {
    return static_cast<std::make_signed_t<Word>>(record[1]);
  }
}

// A value as a record holds it.
inline unsigned bitsOf(int value) { return static_cast<unsigned>(value); }
inline unsigned bitsOf(float value) {
  unsigned bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

} // namespace axonc

#endif
