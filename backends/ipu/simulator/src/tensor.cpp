// Views of views. Dimensions before `dimension` are the outer ones, those after it the inner ones.
#include "checks.hpp"
#include "graph_data.hpp"

#include <numeric>
#include <sstream>

namespace poplar {

using axonc_ipu::View;

namespace {

Tensor made(View view) { return Tensor(std::make_shared<const View>(std::move(view))); }

std::vector<std::size_t> replaced(std::vector<std::size_t> shape, unsigned dimension, std::size_t size) {
  shape[dimension] = size;
  return shape;
}

// The sizes around a dimension: how often it occurs, and how far apart its indices lie.
struct Around {
  std::size_t outer = 1;
  std::size_t size = 1;
  std::size_t inner = 1;
  Around(const Tensor &tensor, unsigned dimension) {
    const auto &shape = tensor.shape();
    axonc_ipu::require<index_error>(dimension < shape.size(), "dimension ", dimension, " of a tensor of shape ",
                                    tensor.shapeToString());
    size = shape[dimension];
    for (unsigned i = 0; i < shape.size(); ++i) {
      outer *= i < dimension ? shape[i] : 1;
      inner *= i > dimension ? shape[i] : 1;
    }
  }
};

} // namespace

const View &Tensor::view() const {
  axonc_ipu::require<tensor_creation_error>(valid(), "an empty tensor object is used");
  return *view_;
}

const std::vector<std::size_t> &Tensor::shape() const { return view().shape; }
unsigned Tensor::rank() const { return static_cast<unsigned>(shape().size()); }
std::size_t Tensor::numElements() const { return view().numElements(); }
Type Tensor::elementType() const { return view().type; }

std::size_t Tensor::dim(unsigned i) const {
  axonc_ipu::require<index_error>(i < rank(), "dimension ", i, " of a tensor of shape ", shapeToString());
  return shape()[i];
}

Tensor Tensor::slice(std::size_t begin, std::size_t end, unsigned dimension) const {
  const Around around(*this, dimension);
  axonc_ipu::require<index_error>(begin <= end && end <= around.size, "slice [", begin, ":", end, ") of dimension ",
                                  dimension, " of a tensor of shape ", shapeToString());
  View part = view().empty(replaced(shape(), dimension, end - begin));
  for (std::size_t i = 0; i < around.outer; ++i) {
    part.appendRange(view(), (i * around.size + begin) * around.inner, (end - begin) * around.inner);
  }
  return made(std::move(part));
}

Tensor Tensor::slice(const Interval &region, unsigned dimension) const {
  return slice(region.begin(), region.end(), dimension);
}

Tensor Tensor::slice(ArrayRef<std::size_t> begin, ArrayRef<std::size_t> end) const {
  axonc_ipu::require<index_error>(begin.size() == end.size() && begin.size() <= rank(), "slice of ", begin.size(),
                                  " dimensions of a tensor of shape ", shapeToString());
  Tensor part = *this;
  for (unsigned i = 0; i < begin.size(); ++i) {
    part = part.slice(begin[i], end[i], i);
  }
  return part;
}

std::vector<Tensor> Tensor::slices(ArrayRef<Interval> intervals, unsigned dimension) const {
  std::vector<Tensor> parts;
  for (const Interval &interval : intervals) {
    parts.push_back(slice(interval, dimension));
  }
  return parts;
}

std::vector<Tensor> Tensor::slices(const std::vector<std::vector<Interval>> &intervals, unsigned dimension) const {
  std::vector<Tensor> parts;
  for (const auto &group : intervals) {
    parts.push_back(concat(slices(ArrayRef<Interval>(group), dimension), dimension));
  }
  return parts;
}

Tensor Tensor::operator[](std::size_t i) const {
  axonc_ipu::require<index_error>(rank() > 0 && i < shape()[0], "index ", i, " of a tensor of shape ", shapeToString());
  Tensor part = slice(i, i + 1, 0);
  return part.reshape(std::vector<std::size_t>(shape().begin() + 1, shape().end()));
}

Tensor Tensor::index(ArrayRef<std::size_t> indices) const {
  Tensor part = *this;
  for (const std::size_t i : indices) {
    part = part[i];
  }
  return part;
}

Tensor Tensor::reshape(ArrayRef<std::size_t> newShape) const {
  const std::vector<std::size_t> sizes = newShape.vec();
  axonc_ipu::require<tensor_creation_error>(axonc_ipu::product(sizes) == numElements(), "reshape of ", shapeToString(),
                                            " into a shape of ", axonc_ipu::product(sizes), " elements");
  View same = view();
  same.shape = sizes;
  return made(std::move(same));
}

Tensor Tensor::flatten() const { return reshape({numElements()}); }

Tensor Tensor::flatten(unsigned dimBegin, unsigned dimEnd) const {
  const auto first = shape().begin();
  const std::size_t size = std::accumulate(first + dimBegin, first + dimEnd, std::size_t{1}, std::multiplies<>());
  return reshapePartial(dimBegin, dimEnd, {size});
}

Tensor Tensor::reshapePartial(unsigned beginDim, unsigned endDim, ArrayRef<std::size_t> newDims) const {
  axonc_ipu::require<index_error>(beginDim <= endDim && endDim <= rank(), "dimensions [", beginDim, ":", endDim,
                                  ") of a tensor of shape ", shapeToString());
  std::vector<std::size_t> sizes(shape().begin(), shape().begin() + beginDim);
  sizes.insert(sizes.end(), newDims.begin(), newDims.end());
  sizes.insert(sizes.end(), shape().begin() + endDim, shape().end());
  return reshape(sizes);
}

Tensor Tensor::expand(ArrayRef<std::size_t> indices) const {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i <= rank(); ++i) {
    sizes.insert(sizes.end(), static_cast<std::size_t>(std::count(indices.begin(), indices.end(), i)), 1);
    if (i < rank()) {
      sizes.push_back(shape()[i]);
    }
  }
  return reshape(sizes);
}

Tensor Tensor::squeeze() const {
  std::vector<std::size_t> sizes;
  std::copy_if(shape().begin(), shape().end(), std::back_inserter(sizes), [](std::size_t size) { return size != 1; });
  return reshape(sizes);
}

Tensor Tensor::squeeze(ArrayRef<std::size_t> dimensions) const {
  std::vector<std::size_t> sizes;
  for (std::size_t i = 0; i < rank(); ++i) {
    const bool named = std::count(dimensions.begin(), dimensions.end(), i) > 0;
    axonc_ipu::require<tensor_creation_error>(!named || shape()[i] == 1, "squeeze of dimension ", i, " of ",
                                              shapeToString());
    if (!named) {
      sizes.push_back(shape()[i]);
    }
  }
  return reshape(sizes);
}

Tensor Tensor::broadcast(unsigned n, unsigned dimension) const {
  const Around around(*this, dimension);
  View repeated = view().empty(replaced(shape(), dimension, around.size * n));
  const std::size_t block = around.size * around.inner;
  for (std::size_t i = 0; i < around.outer; ++i) {
    const std::size_t position = i * block;
    if (block == 1 && n > 0) {
      const axonc_ipu::Run &run = view().runs[view().runAt(position)];
      repeated.append({run.variable, 0, static_cast<std::int64_t>(run.element(position - run.at)), 0, n});
      continue;
    }
    for (unsigned k = 0; k < n; ++k) {
      repeated.appendRange(view(), position, block);
    }
  }
  return made(std::move(repeated));
}

Tensor Tensor::dimShuffle(ArrayRef<unsigned> permutation) const {
  std::vector<bool> seen(rank());
  axonc_ipu::require<tensor_creation_error>(permutation.size() == rank(), "dimShuffle of ", permutation.size(),
                                            " dimensions of a tensor of shape ", shapeToString());
  std::vector<std::size_t> strides(rank(), 1);
  for (std::size_t i = rank(); i-- > 1;) {
    strides[i - 1] = strides[i] * shape()[i];
  }
  std::vector<std::size_t> sizes;
  std::vector<std::size_t> steps;
  for (const unsigned from : permutation) {
    axonc_ipu::require<tensor_creation_error>(from < rank() && !seen[from], "dimShuffle by no permutation");
    seen[from] = true;
    sizes.push_back(shape()[from]);
    steps.push_back(strides[from]);
  }
  View shuffled = view().empty(sizes);
  if (sizes.empty() || numElements() == 0) {
    return *this;
  }
  // An odometer over all dimensions but the last, which is one stride through the view.
  std::vector<std::size_t> digits(sizes.size(), 0);
  std::size_t position = 0;
  while (true) {
    shuffled.appendStrided(view(), position, steps.back(), sizes.back());
    std::size_t i = sizes.size() - 1;
    while (i > 0 && ++digits[i - 1] == sizes[i - 1]) {
      position -= (sizes[i - 1] - 1) * steps[i - 1];
      digits[i - 1] = 0;
      --i;
    }
    if (i == 0) {
      return made(std::move(shuffled));
    }
    position += steps[i - 1];
  }
}

Tensor Tensor::dimShufflePartial(ArrayRef<unsigned> source, ArrayRef<unsigned> destination) const {
  std::vector<unsigned> permutation(rank(), ~0U);
  std::vector<unsigned> rest;
  for (std::size_t i = 0; i < source.size(); ++i) {
    permutation.at(destination[i]) = source[i];
  }
  for (unsigned i = 0, next = 0; i < rank(); ++i) {
    if (std::count(source.begin(), source.end(), i) == 0) {
      while (permutation.at(next) != ~0U) {
        ++next;
      }
      permutation[next] = i;
    }
  }
  return dimShuffle(permutation);
}

Tensor Tensor::dimRoll(unsigned dimension, unsigned newPosition) const {
  return dimShufflePartial({dimension}, {newPosition});
}

Tensor Tensor::transpose() const {
  std::vector<unsigned> permutation(rank());
  std::iota(permutation.rbegin(), permutation.rend(), 0U);
  return dimShuffle(permutation);
}

Tensor Tensor::reverse(unsigned dimension) const {
  const Around around(*this, dimension);
  View reversed = view().empty(shape());
  for (std::size_t i = 0; i < around.outer; ++i) {
    if (around.inner == 1) {
      reversed.appendReversed(view(), i * around.size, around.size);
      continue;
    }
    for (std::size_t j = around.size; j-- > 0;) {
      reversed.appendRange(view(), (i * around.size + j) * around.inner, around.inner);
    }
  }
  return made(std::move(reversed));
}

Tensor Tensor::subSample(unsigned stride, unsigned dimension) const {
  const Around around(*this, dimension);
  axonc_ipu::require<tensor_creation_error>(stride > 0, "subSample with a stride of 0");
  const std::size_t kept = (around.size + stride - 1) / stride;
  View sampled = view().empty(replaced(shape(), dimension, kept));
  for (std::size_t i = 0; i < around.outer; ++i) {
    const std::size_t base = i * around.size * around.inner;
    if (around.inner == 1) {
      sampled.appendStrided(view(), base, stride, kept);
      continue;
    }
    for (std::size_t j = 0; j < kept; ++j) {
      sampled.appendRange(view(), base + j * stride * around.inner, around.inner);
    }
  }
  return made(std::move(sampled));
}

Tensor Tensor::upsample(unsigned scale, unsigned dimension, UpsampleMethod /*method*/) const {
  const Around around(*this, dimension);
  const Tensor blocks = reshape({around.outer * around.size, 1, around.inner}).broadcast(scale, 1);
  return blocks.reshape(replaced(shape(), dimension, around.size * scale));
}

Tensor Tensor::reinterpret(const Type &type) const {
  axonc_ipu::require<type_error>(axonc_ipu::elementBytes(type) == axonc_ipu::elementBytes(elementType()),
                                 "reinterpret of ", elementType(), " as ", type, ": the sizes differ");
  View same = view();
  same.type = type;
  return made(std::move(same));
}

std::vector<Interval> Tensor::getContiguousRegions() const {
  std::vector<Interval> regions;
  for (const axonc_ipu::Run &run : view().runs) {
    const std::size_t step = run.contiguous() ? run.count : 1;
    for (std::size_t i = 0; i < run.count; i += step) {
      regions.emplace_back(run.at + i, run.at + i + step);
    }
  }
  return regions;
}

bool Tensor::isContiguous() const {
  return view().runs.empty() || (view().runs.size() == 1 && view().runs[0].contiguous());
}

bool Tensor::containsAliases() const {
  std::map<unsigned, axonc_ipu::IntervalSet> seen;
  bool twice = false;
  for (const axonc_ipu::Run &run : view().runs) {
    twice = twice || (run.stride == 0 && run.count > 1);
    axonc_ipu::eachInterval(run, [&](unsigned variable, std::size_t begin, std::size_t end) {
      twice = twice || seen[variable].intersects(begin, end);
      seen[variable].add(begin, end);
    });
  }
  return twice;
}

bool Tensor::containsConstant() const {
  const auto &runs = view().runs;
  return std::any_of(runs.begin(), runs.end(),
                     [&](const axonc_ipu::Run &run) { return view().graph->variables[run.variable].constant; });
}

bool Tensor::isParallelWriteable() const { return !containsConstant() && !containsAliases(); }

bool Tensor::intersectsWith(const Tensor &other) const {
  std::map<unsigned, axonc_ipu::IntervalSet> own;
  const auto each = [](const Tensor &tensor, const auto &visit) {
    for (const axonc_ipu::Run &run : tensor.view().runs) {
      axonc_ipu::eachInterval(run, visit);
    }
  };
  each(*this, [&](unsigned variable, std::size_t begin, std::size_t end) { own[variable].add(begin, end); });
  bool common = false;
  each(other, [&](unsigned variable, std::size_t begin, std::size_t end) {
    common = common || own[variable].intersects(begin, end);
  });
  return common;
}

std::string Tensor::shapeToString() const {
  std::ostringstream text;
  text << '{';
  for (std::size_t i = 0; i < shape().size(); ++i) {
    text << (i == 0 ? "" : ",") << shape()[i];
  }
  text << '}';
  return text.str();
}

const DebugContext &Tensor::getDebugContext() const {
  static const DebugContext nothing;
  return view().runs.empty() ? nothing : view().graph->variables[view().runs[0].variable].debugContext;
}

std::string Tensor::getDebugStr() const { return axonc_ipu::describe(*this); }

bool Tensor::operator==(const Tensor &other) const {
  if (!valid() || !other.valid()) {
    return valid() == other.valid();
  }
  bool same = shape() == other.shape() && elementType() == other.elementType();
  if (same) {
    axonc_ipu::eachPair(
        view(), other.view(), [&](const auto &a, std::size_t i, const auto &b, std::size_t j, std::size_t n) {
          same = same && a.variable == b.variable && a.element(i) == b.element(j) && (n == 1 || a.stride == b.stride);
        });
  }
  return same;
}

Tensor concat(ArrayRef<Tensor> tensors, unsigned dimension) {
  axonc_ipu::require<tensor_creation_error>(!tensors.empty(), "concat of no tensors");
  std::vector<Around> around;
  std::vector<std::size_t> shape = tensors[0].shape();
  std::size_t size = 0;
  for (const Tensor &tensor : tensors) {
    around.emplace_back(tensor, dimension);
    size += around.back().size;
    axonc_ipu::require<tensor_creation_error>(replaced(tensor.shape(), dimension, 0) == replaced(shape, dimension, 0) &&
                                                  tensor.elementType() == tensors[0].elementType(),
                                              "concat along dimension ", dimension, " of ", tensors[0], " and ",
                                              tensor);
  }
  View joined = tensors[0].view().empty(replaced(shape, dimension, size));
  for (std::size_t i = 0; i < around[0].outer; ++i) {
    for (std::size_t k = 0; k < tensors.size(); ++k) {
      const std::size_t block = around[k].size * around[k].inner;
      joined.appendRange(tensors[k].view(), i * block, block);
    }
  }
  return made(std::move(joined));
}

Tensor concat(const Tensor &first, const Tensor &second, unsigned dimension) {
  return concat({first, second}, dimension);
}

Tensor append(const Tensor &first, const Tensor &second, unsigned dimension) {
  return concat(first, second.expand({dimension}), dimension);
}

std::ostream &operator<<(std::ostream &out, const Tensor &tensor) {
  return out << tensor.elementType() << tensor.shapeToString() << " (" << tensor.getDebugStr() << ')';
}

} // namespace poplar
