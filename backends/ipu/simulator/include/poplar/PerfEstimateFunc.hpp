#ifndef POPLAR_PERF_ESTIMATE_FUNC_HPP
#define POPLAR_PERF_ESTIMATE_FUNC_HPP

#include <cstdint>
#include <functional>
#include <poplar/Target.hpp>
#include <vector>

namespace poplar {

struct VertexPerfEstimate {
  VertexPerfEstimate(std::uint64_t cycles = 0, std::uint64_t flops = 0) : cycles(cycles), flops(flops) {}
  std::uint64_t cycles;
  std::uint64_t flops;
};

// What an estimator may ask of the vertex it estimates.
class FieldIntrospector {
public:
  FieldIntrospector(std::vector<std::size_t> sizes, std::vector<double> values, bool rows)
      : sizes_(std::move(sizes)), values_(std::move(values)), rows_(rows) {}
  std::size_t size() const { return rows_ ? sizes_.size() : sizes_.empty() ? 0 : sizes_[0]; }
  std::size_t getSizeAtIndex(std::size_t i) const { return sizes_.at(i); }
  const std::vector<std::size_t> &sizes() const { return sizes_; }
  // Initial values of a field without an edge.
  template <class T> T getInitialValue(const Target & /*target*/) const { return static_cast<T>(values_.at(0)); }
  template <class T> std::vector<T> getInitialValues(const Target & /*target*/) const {
    std::vector<T> converted;
    for (const double value : values_) {
      converted.push_back(static_cast<T>(value));
    }
    return converted;
  }

private:
  std::vector<std::size_t> sizes_;
  std::vector<double> values_;
  bool rows_;
};

class VertexIntrospector {
public:
  explicit VertexIntrospector(std::function<FieldIntrospector(const std::string &)> find) : find_(std::move(find)) {}
  FieldIntrospector getFieldInfo(const std::string &name) const { return find_(name); }

private:
  std::function<FieldIntrospector(const std::string &)> find_;
};

using PerfEstimateFunc = std::function<VertexPerfEstimate(const VertexIntrospector &vertex, const Target &target)>;

} // namespace poplar

#endif
