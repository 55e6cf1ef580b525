// Slices at places that are computed. A vertex sits where the first slice of the tensor is, and sees all of them.
#include "checks.hpp"
#include "native.hpp"

#include <cstring>
#include <popops/DynamicSlice.hpp>
#include <poputil/TileMapping.hpp>

namespace popops {

using axonc_ipu::Byte;
using axonc_ipu::Direction;
using axonc_ipu::NativeRows;
using axonc_ipu::require;
using axonc_ipu::Span;
using poplar::DebugContext;
using poplar::Graph;
using poplar::Interval;
using poplar::Tensor;
using poplar::Type;
using poplar::program::Sequence;

namespace {

// [slices, elements of a slice].
Tensor rolled(const Tensor &tensor, std::size_t dim) {
  return tensor.dimRoll(static_cast<unsigned>(dim)).flatten(1, tensor.rank());
}

std::size_t place(NativeRows rows, std::size_t field, std::size_t i, std::size_t count) {
  const Span offsets = axonc_ipu::rowOf(rows, field, 0);
  return offsets.as<unsigned>()[offsets.size == 1 ? 0 : i] % count;
}

std::vector<Tensor> rowsAt(const Tensor &matrix, const std::vector<Interval> &intervals) {
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < matrix.dim(0); ++i) {
    rows.push_back(axonc_ipu::select(matrix[i], intervals));
  }
  return rows;
}

void checkOffsets(const Tensor &offset) {
  require<poplar::type_error>(offset.elementType() == poplar::UNSIGNED_INT || offset.elementType() == poplar::INT,
                              "offsets must be UNSIGNED_INT, not ", offset);
}

// How rows of `slices` meet rows of `matrix`: row i with row place(i).
using Meet = std::function<void(NativeRows rows, std::size_t count, std::size_t slices)>;

// Field 0 is the matrix, field 1 the slices, field 2 the offsets, field 3 a scale if there is one.
void addSet(Graph &graph, const std::string &kind, const Tensor &matrix, Direction first, const Tensor &slices,
            Direction second, const Tensor &offset, const std::optional<Tensor> &scale, const Meet &meet,
            Sequence &program, const DebugContext &debugContext) {
  checkOffsets(offset);
  const std::size_t count = matrix.dim(0);
  const std::size_t sliced = slices.dim(0);
  std::vector<axonc_ipu::NativeField> fields{{"matrix", matrix.elementType(), first},
                                             {"slices", slices.elementType(), second},
                                             {"offset", poplar::UNSIGNED_INT, Direction::Input}};
  if (scale) {
    fields.push_back({"scale", scale->elementType(), Direction::Input});
  }
  axonc_ipu::NativeSet set(graph, kind, fields, [=](NativeRows rows) { meet(rows, count, sliced); }, debugContext);
  const auto mapping = graph.getTileMapping(matrix[0]);
  const std::size_t bytes = axonc_ipu::elementBytes(matrix.elementType());
  for (unsigned tile = 0; tile < mapping.size(); ++tile) {
    if (mapping[tile].empty()) {
      continue;
    }
    std::vector<std::vector<Tensor>> rows{rowsAt(matrix, mapping[tile]),
                                          rowsAt(slices, mapping[tile]),
                                          {offset.flatten().reinterpret(poplar::UNSIGNED_INT)}};
    if (scale) {
      rows.push_back({scale->flatten()});
    }
    // Only the slices move, whatever is connected.
    set.add(tile, rows, sliced * rows[0][0].numElements() * bytes / 4);
  }
  set.execute(program);
}

void copyRow(Span to, Span from, std::size_t bytes) { std::memcpy(to.data, from.data, to.size * bytes); }

Tensor sliceOne(Graph &graph, const Tensor &tensor, const Tensor &offset, std::size_t dim, std::size_t size,
                Sequence &program, const DebugContext &debugContext) {
  const Tensor matrix = rolled(tensor, dim);
  std::vector<std::size_t> shape = tensor.shape();
  shape[dim] = size;
  const Tensor slice = graph.addVariable(tensor.elementType(), shape, DebugContext(debugContext, "slice"));
  const Tensor rows = rolled(slice, dim);
  const auto mapping = graph.getTileMapping(matrix[0]);
  for (std::size_t i = 0; i < size; ++i) {
    graph.setTileMapping(rows[i], mapping);
  }
  const std::size_t bytes = axonc_ipu::elementBytes(tensor.elementType());
  addSet(
      graph, "popops::DynamicSlice", matrix, Direction::Input, rows, Direction::Output, offset, std::nullopt,
      [bytes](NativeRows r, std::size_t count, std::size_t slices) {
        for (std::size_t i = 0; i < slices; ++i) {
          copyRow(axonc_ipu::rowOf(r, 1, i), axonc_ipu::rowOf(r, 0, (place(r, 2, 0, count) + i) % count), bytes);
        }
      },
      program, debugContext);
  return slice;
}

void updateOne(Graph &graph, const Tensor &tensor, const Tensor &slice, const Tensor &offset, std::size_t dim,
               Sequence &program, const DebugContext &debugContext) {
  const std::size_t bytes = axonc_ipu::elementBytes(tensor.elementType());
  addSet(
      graph, "popops::DynamicUpdate", rolled(tensor, dim), Direction::InOut, rolled(slice, dim), Direction::Input,
      offset, std::nullopt,
      [bytes](NativeRows r, std::size_t count, std::size_t slices) {
        for (std::size_t i = 0; i < slices; ++i) {
          copyRow(axonc_ipu::rowOf(r, 0, (place(r, 2, 0, count) + i) % count), axonc_ipu::rowOf(r, 1, i), bytes);
        }
      },
      program, debugContext);
}

void checkDims(const Tensor &offset, const std::vector<std::size_t> &dims, const std::vector<std::size_t> &sizes) {
  require<poplar::poplar_error>(!dims.empty() && dims.size() == sizes.size() && offset.numElements() == dims.size(),
                                "a dynamic slice has ", dims.size(), " dimensions, ", sizes.size(), " sizes and ",
                                offset.numElements(), " offsets");
}

} // namespace

Tensor createSliceableTensor(Graph &graph, const Type &type, const std::vector<std::size_t> &shape,
                             const std::vector<std::size_t> &dims, const std::vector<std::size_t> & /*sizes*/,
                             std::size_t minGrainSize, const DebugContext &debugContext) {
  const Tensor made = graph.addVariable(type, shape, debugContext);
  Tensor matrix = made;
  std::size_t slices = 1;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    matrix = matrix.dimRoll(static_cast<unsigned>(dims[i]), static_cast<unsigned>(i));
    slices *= shape[dims[i]];
  }
  matrix = matrix.reshape({slices, made.numElements() / slices});
  const auto mapping = poputil::calcLinearTileMapping(graph, {matrix.dim(1)}, 1,
                                                      static_cast<unsigned>(std::max<std::size_t>(1, minGrainSize)));
  for (std::size_t i = 0; i < slices; ++i) {
    graph.setTileMapping(matrix[i], mapping);
  }
  return made;
}

Tensor dynamicSlice(Graph &graph, const Tensor &tensor, const Tensor &offset, const std::vector<std::size_t> &dims,
                    const std::vector<std::size_t> &sizes, Sequence &program, const DebugContext &debugContext,
                    const poplar::OptionFlags & /*options*/) {
  checkDims(offset, dims, sizes);
  Tensor slice = tensor;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    slice = sliceOne(graph, slice, offset.flatten()[i], dims[i], sizes[i], program, debugContext);
  }
  return slice;
}

void dynamicUpdate(Graph &graph, const Tensor &tensor, const Tensor &slice, const Tensor &offset,
                   const std::vector<std::size_t> &dims, const std::vector<std::size_t> &sizes, Sequence &program,
                   const DebugContext &debugContext, const poplar::OptionFlags &options) {
  checkDims(offset, dims, sizes);
  const Tensor first = offset.flatten()[0];
  if (dims.size() == 1) {
    updateOne(graph, tensor, slice, first, dims[0], program, debugContext);
    return;
  }
  // Of more dimensions: the slice along the first is taken out, updated along the others, and put back.
  const Tensor part = sliceOne(graph, tensor, first, dims[0], sizes[0], program, debugContext);
  dynamicUpdate(graph, part, slice, offset.flatten().slice(1, dims.size()), {dims.begin() + 1, dims.end()},
                {sizes.begin() + 1, sizes.end()}, program, debugContext, options);
  updateOne(graph, tensor, part, first, dims[0], program, debugContext);
}

namespace {

void checkRows(const Tensor &tensor, const std::vector<std::size_t> &dims, const std::vector<std::size_t> &sizes) {
  require<poplar::poplar_error>(tensor.rank() == 2 && dims == std::vector<std::size_t>{0} &&
                                    sizes == std::vector<std::size_t>{1},
                                "this simulator takes single rows of a matrix by index");
}

} // namespace

Tensor multiSlice(Graph &graph, const Tensor &tensor, const Tensor &offsets, const std::vector<std::size_t> &dims,
                  const std::vector<std::size_t> &sizes, Sequence &program, const SlicePlan & /*plan*/,
                  const poplar::OptionFlags & /*options*/, const DebugContext &debugContext) {
  checkRows(tensor, dims, sizes);
  const Tensor slices = graph.addVariable(tensor.elementType(), {offsets.numElements(), 1, tensor.dim(1)},
                                          DebugContext(debugContext, "slices"));
  const Tensor rows = slices.flatten(1, 3);
  const auto mapping = graph.getTileMapping(tensor[0]);
  for (std::size_t i = 0; i < rows.dim(0); ++i) {
    graph.setTileMapping(rows[i], mapping);
  }
  const std::size_t bytes = axonc_ipu::elementBytes(tensor.elementType());
  addSet(
      graph, "popops::MultiSlice", tensor, Direction::Input, rows, Direction::Output, offsets, std::nullopt,
      [bytes](NativeRows r, std::size_t count, std::size_t sliced) {
        for (std::size_t i = 0; i < sliced; ++i) {
          copyRow(axonc_ipu::rowOf(r, 1, i), axonc_ipu::rowOf(r, 0, place(r, 2, i, count)), bytes);
        }
      },
      program, debugContext);
  return slices;
}

void multiUpdateAdd(Graph &graph, const Tensor &tensor, const Tensor &slices, const Tensor &offsets,
                    const Tensor &scale, const std::vector<std::size_t> &dims, const std::vector<std::size_t> &sizes,
                    Sequence &program, const SlicePlan & /*plan*/, const poplar::OptionFlags & /*options*/,
                    const DebugContext &debugContext) {
  checkRows(tensor, dims, sizes);
  const Type type = tensor.elementType();
  const Type scaleType = scale.elementType();
  addSet(
      graph, "popops::MultiUpdateAdd", tensor, Direction::InOut, slices.flatten(1, slices.rank()), Direction::Input,
      offsets, scale,
      [type, scaleType](NativeRows r, std::size_t count, std::size_t sliced) {
        const std::size_t bytes = axonc_ipu::elementBytes(type);
        const double factor = axonc_ipu::loadDouble(scaleType, axonc_ipu::rowOf(r, 3, 0).data);
        for (std::size_t i = 0; i < sliced; ++i) {
          const Span to = axonc_ipu::rowOf(r, 0, place(r, 2, i, count));
          const Span from = axonc_ipu::rowOf(r, 1, i);
          for (std::size_t k = 0; k < to.size; ++k) {
            Byte *element = to.as<Byte>() + k * bytes;
            const double product =
                axonc_ipu::rounded(type, factor * axonc_ipu::loadDouble(type, from.as<Byte>() + k * bytes));
            axonc_ipu::storeElement(type, element,
                                    static_cast<long double>(axonc_ipu::loadDouble(type, element) + product));
          }
        }
      },
      program, debugContext);
}

} // namespace popops
