// A product C[m,n] = sum_k A[m,k] B[k,n], cut into blocks: each tile multiplies one, and sums over k are reduced last.
// Sums are in float, whatever the type of the operands.
#include "checks.hpp"
#include "native.hpp"

#include <limits>
#include <poplin/MatMul.hpp>
#include <popops/Cast.hpp>
#include <popops/Reduce.hpp>
#include <popops/ScaledAdd.hpp>
#include <poputil/TileMapping.hpp>

namespace poplin {

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

struct Blocks {
  std::size_t m, n, k; // their numbers
};

std::size_t ceilDivide(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

// The cut that moves the fewest bytes to the fullest tile, over powers of two.
Blocks cut(std::size_t m, std::size_t n, std::size_t k, std::size_t tiles) {
  Blocks best{1, 1, 1};
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (std::size_t a = 1; a <= m && a <= tiles; a *= 2) {
    for (std::size_t b = 1; b <= n && a * b <= tiles; b *= 2) {
      for (std::size_t c = 1; c <= k && a * b * c <= tiles; c *= 2) {
        const std::size_t rows = ceilDivide(m, a), columns = ceilDivide(n, b), depth = ceilDivide(k, c);
        const std::size_t moved = rows * depth + depth * columns + 2 * c * rows * columns + rows * columns * depth / 16;
        if (moved < least) {
          least = moved;
          best = {a, b, c};
        }
      }
    }
  }
  return best;
}

Interval part(std::size_t size, std::size_t parts, std::size_t i) {
  const std::size_t each = ceilDivide(size, parts);
  return {std::min(size, i * each), std::min(size, (i + 1) * each)};
}

// Multiplies row-major blocks that lie flat in the fields.
void multiply(NativeRows fields, Type type) {
  const std::size_t rows = axonc_ipu::rowsOf(fields, 1);
  const std::size_t depth = axonc_ipu::rowsOf(fields, 2);
  const std::size_t bytes = axonc_ipu::elementBytes(type);
  const auto value = [&](Span row, std::size_t i) {
    return type == poplar::FLOAT ? row.as<float>()[i]
                                 : static_cast<float>(axonc_ipu::loadDouble(type, row.as<Byte>() + i * bytes));
  };
  for (std::size_t i = 0; i < rows; ++i) {
    auto *sums = axonc_ipu::rowOf(fields, 0, i).as<float>();
    const std::size_t columns = axonc_ipu::rowOf(fields, 0, i).size;
    std::fill(sums, sums + columns, 0.0F);
    for (std::size_t k = 0; k < depth; ++k) {
      const float a = value(axonc_ipu::rowOf(fields, 1, i), k);
      const Span b = axonc_ipu::rowOf(fields, 2, k);
      for (std::size_t j = 0; j < columns; ++j) {
        sums[j] += a * value(b, j);
      }
    }
  }
}

std::vector<Tensor> rowsOf(const Tensor &matrix) {
  std::vector<Tensor> rows;
  for (std::size_t i = 0; i < matrix.dim(0); ++i) {
    rows.push_back(matrix[i]);
  }
  return rows;
}

// Partial products [k blocks, m, n].
Tensor products(Graph &graph, const Tensor &A, const Tensor &B, Sequence &program, const DebugContext &debugContext) {
  const std::size_t m = A.dim(0), k = A.dim(1), n = B.dim(1);
  const Type type = A.elementType();
  const Blocks blocks = cut(m, n, k, graph.getTarget().getNumTiles());
  const Tensor partials = graph.addVariable(poplar::FLOAT, {blocks.k, m, n}, DebugContext(debugContext, "partials"));
  axonc_ipu::NativeSet set(
      graph, "poplin::MatMul",
      {{"out", poplar::FLOAT, Direction::Output}, {"a", type, Direction::Input}, {"b", type, Direction::Input}},
      [type](NativeRows fields) { multiply(fields, type); }, debugContext);
  const std::uint64_t perCycle = type == poplar::HALF ? 64 : 16; // multiplications of the AMP unit
  unsigned tile = 0;
  for (std::size_t i = 0; i < blocks.m; ++i) {
    for (std::size_t j = 0; j < blocks.n; ++j) {
      for (std::size_t l = 0; l < blocks.k; ++l) {
        const Interval rows = part(m, blocks.m, i), columns = part(n, blocks.n, j), depth = part(k, blocks.k, l);
        const Tensor out = partials[l].slice(rows, 0).slice(columns, 1);
        if (out.numElements() == 0) {
          continue;
        }
        graph.setTileMapping(out, tile);
        const Tensor a = A.slice(rows, 0).slice(depth, 1);
        const Tensor b = B.slice(depth, 0).slice(columns, 1);
        set.add(tile, {rowsOf(out), rowsOf(a), rowsOf(b)}, out.numElements() * depth.size() / perCycle);
        ++tile;
      }
    }
  }
  set.execute(program);
  return partials;
}

Tensor spread(Graph &graph, Type type, const std::vector<std::size_t> &shape, const DebugContext &debugContext) {
  return axonc_ipu::addSpread(graph, type, shape, debugContext);
}

} // namespace

Tensor matMul(Graph &graph, const Tensor &A, const Tensor &B, Sequence &program, const Type &outputType,
              const DebugContext &debugContext, const poplar::OptionFlags & /*options*/, PlanningCache * /*cache*/) {
  require<poplar::poplar_error>(A.rank() == 2 && B.rank() == 2 && A.dim(1) == B.dim(0), "matMul of shapes ",
                                A.shapeToString(), " and ", B.shapeToString());
  require<poplar::type_error>(A.elementType() == B.elementType() && axonc_ipu::isFloating(A.elementType()),
                              "matMul of types ", A.elementType(), " and ", B.elementType());
  const Tensor partials = products(graph, A, B, program, debugContext);
  if (partials.dim(0) == 1) {
    return outputType == poplar::FLOAT ? partials[0]
                                       : popops::cast(graph, partials[0], outputType, program, debugContext);
  }
  return popops::reduce(graph, partials, outputType, {0}, popops::ReduceParams(popops::Operation::ADD), program,
                        debugContext);
}

Tensor matMul(Graph &graph, const Tensor &A, const Tensor &B, Sequence &program, const DebugContext &debugContext,
              const poplar::OptionFlags &options, PlanningCache *cache) {
  return matMul(graph, A, B, program, A.elementType(), debugContext, options, cache);
}

void matMulAcc(Graph &graph, const Tensor &C, float k, const Tensor &A, const Tensor &B, Sequence &program,
               const DebugContext &debugContext, const poplar::OptionFlags &options, PlanningCache *cache) {
  const Tensor product = matMul(graph, A, B, program, poplar::FLOAT, debugContext, options, cache);
  popops::scaledAddTo(graph, C, product, k, program, debugContext);
}

Tensor matMulGrouped(Graph &graph, const Tensor &A, const Tensor &B, Sequence &program, const Type &outputType,
                     const DebugContext &debugContext, const poplar::OptionFlags &options, PlanningCache *cache) {
  require<poplar::poplar_error>(A.rank() == 3 && B.rank() == 3 && A.dim(0) == B.dim(0), "matMulGrouped of shapes ",
                                A.shapeToString(), " and ", B.shapeToString());
  std::vector<Tensor> groups;
  for (std::size_t g = 0; g < A.dim(0); ++g) {
    groups.push_back(matMul(graph, A[g], B[g], program, outputType, debugContext, options, cache).expand({0}));
  }
  return poplar::concat(groups);
}

Tensor createMatMulInputLHS(Graph &graph, const Type &inputType, const Type & /*outputType*/,
                            const std::vector<std::size_t> &aShape, const std::vector<std::size_t> & /*bShape*/,
                            const DebugContext &debugContext, const poplar::OptionFlags & /*options*/,
                            PlanningCache * /*cache*/) {
  return spread(graph, inputType, aShape, debugContext);
}

Tensor createMatMulInputLHS(Graph &graph, const Type &dataType, const std::vector<std::size_t> &aShape,
                            const std::vector<std::size_t> &bShape, const DebugContext &debugContext,
                            const poplar::OptionFlags &options, PlanningCache *cache) {
  return createMatMulInputLHS(graph, dataType, dataType, aShape, bShape, debugContext, options, cache);
}

Tensor createMatMulInputRHS(Graph &graph, const Type &inputType, const Type & /*outputType*/,
                            const std::vector<std::size_t> & /*aShape*/, const std::vector<std::size_t> &bShape,
                            const DebugContext &debugContext, const poplar::OptionFlags & /*options*/,
                            PlanningCache * /*cache*/) {
  return spread(graph, inputType, bShape, debugContext);
}

Tensor createMatMulInputRHS(Graph &graph, const Type &dataType, const std::vector<std::size_t> &aShape,
                            const std::vector<std::size_t> &bShape, const DebugContext &debugContext,
                            const poplar::OptionFlags &options, PlanningCache *cache) {
  return createMatMulInputRHS(graph, dataType, dataType, aShape, bShape, debugContext, options, cache);
}

} // namespace poplin
