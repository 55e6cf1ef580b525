#include "intervals.hpp"

#include <algorithm>
#include <iterator>

namespace axonc_ipu {

std::map<std::size_t, std::size_t>::const_iterator IntervalSet::firstEndingAfter(std::size_t begin) const {
  auto next = parts_.upper_bound(begin);
  if (next != parts_.begin() && std::prev(next)->second > begin) {
    --next;
  }
  return next;
}

void IntervalSet::add(std::size_t begin, std::size_t end) {
  if (begin == end) {
    return;
  }
  // What touches the new interval becomes part of it.
  auto part = parts_.upper_bound(begin);
  if (part != parts_.begin() && std::prev(part)->second >= begin) {
    --part;
  }
  while (part != parts_.end() && part->first <= end) {
    begin = std::min(begin, part->first);
    end = std::max(end, part->second);
    part = parts_.erase(part);
  }
  parts_.emplace_hint(part, begin, end);
}

void IntervalSet::remove(std::size_t begin, std::size_t end) {
  for (auto part = firstEndingAfter(begin); part != parts_.end() && part->first < end;) {
    const auto [first, last] = *part;
    part = parts_.erase(part);
    if (first < begin) {
      parts_.emplace(first, begin);
    }
    if (last > end) {
      part = parts_.emplace(end, last).first;
    }
  }
}

void IntervalSet::within(std::size_t begin, std::size_t end,
                         const std::function<void(std::size_t, std::size_t)> &found) const {
  for (auto part = firstEndingAfter(begin); part != parts_.end() && part->first < end; ++part) {
    found(std::max(begin, part->first), std::min(end, part->second));
  }
}

bool IntervalSet::intersects(std::size_t begin, std::size_t end) const {
  const auto part = firstEndingAfter(begin);
  return begin < end && part != parts_.end() && part->first < end;
}

std::size_t IntervalSet::size() const {
  std::size_t total = 0;
  for (const auto &[begin, end] : parts_) {
    total += end - begin;
  }
  return total;
}

} // namespace axonc_ipu
