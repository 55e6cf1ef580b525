// A tensor is a view: a shape, and where in which variables its elements lie. Nothing is copied by making one.
#ifndef POPLAR_TENSOR_HPP
#define POPLAR_TENSOR_HPP

#include <memory>
#include <poplar/ArrayRef.hpp>
#include <poplar/DebugContext.hpp>
#include <poplar/Interval.hpp>
#include <poplar/Type.hpp>
#include <vector>

namespace axonc_ipu {
struct View;
}

namespace poplar {

enum class UpsampleMethod { REPEAT };

class Tensor {
public:
  Tensor() = default;
  explicit Tensor(std::shared_ptr<const axonc_ipu::View> view) : view_(std::move(view)) {}

  Tensor operator[](std::size_t i) const;
  Tensor slice(std::size_t begin, std::size_t end, unsigned dimension) const;
  Tensor slice(const Interval &region, unsigned dimension = 0) const;
  Tensor slice(std::size_t begin, std::size_t end) const { return slice(begin, end, 0); }
  Tensor slice(ArrayRef<std::size_t> begin, ArrayRef<std::size_t> end) const;
  std::vector<Tensor> slices(ArrayRef<Interval> intervals, unsigned dimension = 0) const;
  std::vector<Tensor> slices(const std::vector<std::vector<Interval>> &intervals, unsigned dimension = 0) const;
  Tensor index(ArrayRef<std::size_t> indices) const;
  Tensor flatten() const;
  Tensor flatten(unsigned dimBegin, unsigned dimEnd) const;
  Tensor reshape(ArrayRef<std::size_t> shape) const;
  Tensor reshapePartial(unsigned beginDim, unsigned endDim, ArrayRef<std::size_t> newDims) const;
  Tensor expand(ArrayRef<std::size_t> indices) const;
  Tensor squeeze() const;
  Tensor squeeze(ArrayRef<std::size_t> dimensions) const;
  Tensor broadcast(unsigned n, unsigned dimension) const;
  Tensor dimShuffle(ArrayRef<unsigned> permutation) const;
  Tensor dimShufflePartial(ArrayRef<unsigned> source, ArrayRef<unsigned> destination) const;
  Tensor dimRoll(unsigned dimension, unsigned newPosition = 0) const;
  Tensor transpose() const;
  Tensor reverse(unsigned dimension) const;
  Tensor subSample(unsigned stride, unsigned dimension) const;
  Tensor upsample(unsigned scale, unsigned dimension, UpsampleMethod method = UpsampleMethod::REPEAT) const;
  Tensor reinterpret(const Type &type) const;

  const std::vector<std::size_t> &shape() const;
  std::size_t dim(unsigned i) const;
  unsigned rank() const;
  std::size_t numElements() const;
  Type elementType() const;
  bool isContiguous() const;
  bool containsAliases() const;
  bool containsConstant() const;
  bool isParallelWriteable() const;
  bool intersectsWith(const Tensor &other) const;
  bool valid() const { return view_ != nullptr; }
  std::string shapeToString() const;
  std::string getDebugStr() const;
  std::vector<Interval> getContiguousRegions() const;
  const DebugContext &getDebugContext() const;

  bool operator==(const Tensor &other) const;
  bool operator!=(const Tensor &other) const { return !(*this == other); }

  const axonc_ipu::View &view() const; // of this simulator

private:
  std::shared_ptr<const axonc_ipu::View> view_;
};

Tensor concat(ArrayRef<Tensor> tensors, unsigned dimension = 0);
Tensor concat(const Tensor &first, const Tensor &second, unsigned dimension = 0);
Tensor append(const Tensor &first, const Tensor &second, unsigned dimension = 0);
std::ostream &operator<<(std::ostream &out, const Tensor &tensor);

} // namespace poplar

#endif
