// Sets of elements as sorted, disjoint intervals.
#ifndef AXONC_IPU_INTERVALS_HPP
#define AXONC_IPU_INTERVALS_HPP

#include <cstddef>
#include <functional>
#include <map>

namespace axonc_ipu {

class IntervalSet {
public:
  void add(std::size_t begin, std::size_t end);
  void remove(std::size_t begin, std::size_t end);
  bool empty() const { return parts_.empty(); }
  // Calls `found` with every part of [begin, end) that is in the set.
  void within(std::size_t begin, std::size_t end, const std::function<void(std::size_t, std::size_t)> &found) const;
  bool intersects(std::size_t begin, std::size_t end) const;
  std::size_t size() const;
  const std::map<std::size_t, std::size_t> &parts() const { return parts_; }

private:
  std::map<std::size_t, std::size_t>::const_iterator firstEndingAfter(std::size_t begin) const;
  std::map<std::size_t, std::size_t> parts_; // begin -> end
};

} // namespace axonc_ipu

#endif
