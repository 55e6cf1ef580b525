#ifndef POPLAR_INTERVAL_HPP
#define POPLAR_INTERVAL_HPP

#include <cstddef>
#include <ostream>

namespace poplar {

// Elements begin, begin + 1, ..., end - 1.
class Interval {
public:
  Interval() = default;
  Interval(std::size_t begin, std::size_t end) : begin_(begin), end_(end) {}
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return end_; }
  std::size_t lower() const { return begin_; }
  std::size_t upper() const { return end_; }
  std::size_t size() const { return end_ - begin_; }
  friend bool operator==(const Interval &a, const Interval &b) { return a.begin_ == b.begin_ && a.end_ == b.end_; }
  friend bool operator<(const Interval &a, const Interval &b) {
    return a.begin_ < b.begin_ || (a.begin_ == b.begin_ && a.end_ < b.end_);
  }
  friend std::ostream &operator<<(std::ostream &out, const Interval &i) {
    return out << '[' << i.begin_ << ':' << i.end_ << ')';
  }

private:
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

} // namespace poplar

#endif
