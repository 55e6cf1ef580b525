// Reductions in two supersteps: what a tile holds of each output, then all partial results of an output.
#include "checks.hpp"
#include "expressions.hpp"
#include "programs.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <popops/Reduce.hpp>

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

double start(Operation op) {
  switch (op) {
  case Operation::MUL:
  case Operation::LOGICAL_AND:
    return 1;
  case Operation::MIN:
    return std::numeric_limits<double>::infinity();
  case Operation::MAX:
    return -std::numeric_limits<double>::infinity();
  default:
    return 0;
  }
}

double combine(Operation op, double total, double value) {
  switch (op) {
  case Operation::ADD:
    return total + value;
  case Operation::SQUARE_ADD:
    return total + value * value;
  case Operation::MUL:
    return total * value;
  case Operation::MIN:
    return std::min(total, value);
  case Operation::MAX:
    return std::max(total, value);
  case Operation::LOGICAL_AND:
    return total != 0 && value != 0 ? 1 : 0;
  case Operation::LOGICAL_OR:
    return total != 0 || value != 0 ? 1 : 0;
  }
  return total;
}

// Reduces a row into an element that is given its start.
double over(Operation op, Type type, Type partial, Span row, double total) {
  for (std::size_t i = 0; i < row.size; ++i) {
    const double value = type == poplar::FLOAT
                             ? static_cast<double>(row.as<float>()[i])
                             : axonc_ipu::loadDouble(type, row.as<Byte>() + i * axonc_ipu::elementBytes(type));
    total = axonc_ipu::rounded(partial, combine(op, total, value));
  }
  return total;
}

void store(Type type, Span to, std::size_t i, double value) {
  axonc_ipu::storeElement(type, to.as<Byte>() + i * axonc_ipu::elementBytes(type), static_cast<long double>(value));
}

// [outputs, reduced] of a tensor.
Tensor asMatrix(const Tensor &in, const std::vector<std::size_t> &dims) {
  std::vector<unsigned> order;
  std::size_t outputs = 1;
  std::size_t reduced = 1;
  for (unsigned i = 0; i < in.rank(); ++i) {
    if (std::count(dims.begin(), dims.end(), i) == 0) {
      order.push_back(i);
      outputs *= in.dim(i);
    }
  }
  for (const std::size_t dim : dims) {
    order.push_back(static_cast<unsigned>(dim));
    reduced *= in.dim(static_cast<unsigned>(dim));
  }
  return in.dimShuffle(order).reshape({outputs, reduced});
}

struct Partials {
  Tensor values;                               // one for each tile and output that meet
  std::vector<std::vector<Interval>> ofOutput; // where those of each output are
};

// The first superstep.
Partials reduceOnTiles(Graph &graph, const Tensor &matrix, Operation op, Type partial, Sequence &program,
                       const DebugContext &debugContext) {
  const Type type = matrix.elementType();
  const std::size_t width = matrix.dim(1);
  const Tensor flat = matrix.flatten();
  const auto mapping = graph.getTileMapping(matrix);
  struct Part {
    std::size_t output;
    std::vector<Interval> intervals;
  };
  std::vector<std::vector<Part>> parts(mapping.size());
  std::size_t count = 0;
  for (std::size_t tile = 0; tile < mapping.size(); ++tile) {
    for (const Interval &interval : mapping[tile]) {
      for (std::size_t begin = interval.begin(); begin < interval.end();) {
        const std::size_t output = begin / width;
        const std::size_t end = std::min(interval.end(), (output + 1) * width);
        if (parts[tile].empty() || parts[tile].back().output != output) {
          parts[tile].push_back({output, {}});
          ++count;
        }
        parts[tile].back().intervals.emplace_back(begin, end);
        begin = end;
      }
    }
  }
  Partials made{graph.addVariable(partial, {count}, DebugContext(debugContext, "partials")),
                std::vector<std::vector<Interval>>(matrix.dim(0))};
  axonc_ipu::NativeSet set(
      graph, "popops::ReducePartial", {{"out", partial, Direction::Output}, {"in", type, Direction::Input}},
      [=](NativeRows rows) {
        for (std::size_t i = 0; i < axonc_ipu::rowsOf(rows, 1); ++i) {
          store(partial, axonc_ipu::rowOf(rows, 0, 0), i,
                over(op, type, partial, axonc_ipu::rowOf(rows, 1, i), start(op)));
        }
      },
      debugContext);
  std::size_t next = 0;
  for (unsigned tile = 0; tile < parts.size(); ++tile) {
    if (parts[tile].empty()) {
      continue;
    }
    std::vector<Tensor> rows;
    const std::size_t first = next;
    for (const Part &part : parts[tile]) {
      rows.push_back(axonc_ipu::select(flat, part.intervals));
      made.ofOutput[part.output].emplace_back(next, next + 1);
      ++next;
    }
    const Tensor out = made.values.slice(first, next);
    graph.setTileMapping(out, tile);
    set.add(tile, {{out}, rows});
  }
  set.execute(program);
  return made;
}

// The second superstep.
void combinePartials(Graph &graph, const Partials &partials, const Tensor &out, const ReduceParams &params,
                     Sequence &program, const DebugContext &debugContext) {
  const Type partial = partials.values.elementType();
  const Type type = out.elementType();
  const Operation op = params.op == Operation::SQUARE_ADD ? Operation::ADD : params.op;
  const bool update = params.update;
  const bool scaled = params.scale.valid();
  std::vector<axonc_ipu::NativeField> fields{{"out", type, update ? Direction::InOut : Direction::Output},
                                             {"in", partial, Direction::Input}};
  if (scaled) {
    fields.push_back({"scale", params.scale.elementType(), Direction::Input});
  }
  axonc_ipu::NativeSet set(
      graph, "popops::ReduceFinal", fields,
      [=](NativeRows rows) {
        std::size_t row = 0;
        const double factor = scaled ? axonc_ipu::loadDouble(fields[2].type, axonc_ipu::rowOf(rows, 2, 0).data) : 1;
        for (std::size_t r = 0; r < axonc_ipu::rowsOf(rows, 0); ++r) {
          const Span to = axonc_ipu::rowOf(rows, 0, r);
          for (std::size_t i = 0; i < to.size; ++i) {
            const Byte *place = to.as<Byte>() + i * axonc_ipu::elementBytes(type);
            const double total = over(op, partial, partial, axonc_ipu::rowOf(rows, 1, row++), start(op));
            const double value = scaled ? axonc_ipu::rounded(partial, total * factor) : total;
            store(type, to, i, update ? combine(op, axonc_ipu::loadDouble(type, place), value) : value);
          }
        }
      },
      debugContext);
  const Tensor flat = out.flatten();
  const auto mapping = graph.getTileMapping(out);
  for (unsigned tile = 0; tile < mapping.size(); ++tile) {
    std::vector<std::vector<Tensor>> rows(fields.size());
    for (const Interval &interval : mapping[tile]) {
      rows[0].push_back(flat.slice(interval));
      for (std::size_t i = interval.begin(); i < interval.end(); ++i) {
        rows[1].push_back(axonc_ipu::select(partials.values, partials.ofOutput[i]));
      }
    }
    if (scaled) {
      rows[2].push_back(params.scale.flatten());
    }
    if (!mapping[tile].empty()) {
      set.add(tile, rows);
    }
  }
  set.execute(program);
}

} // namespace

void reduceWithOutput(Graph &graph, const Tensor &in, const Tensor &out, const std::vector<std::size_t> &dims,
                      ReduceParams params, Sequence &program, const DebugContext &debugContext,
                      const poplar::OptionFlags & /*options*/) {
  const Tensor matrix = asMatrix(in, dims);
  require<poplar::poplar_error>(matrix.dim(0) == out.numElements(), "a reduction of ", in, " has ", matrix.dim(0),
                                " results, the output is ", out);
  const Type partial = in.elementType() == poplar::HALF ? poplar::FLOAT : in.elementType();
  const Partials partials = reduceOnTiles(graph, matrix, params.op, partial, program, debugContext);
  combinePartials(graph, partials, out, params, program, debugContext);
}

Tensor reduce(Graph &graph, const Tensor &in, const Type &outType, const std::vector<std::size_t> &dims,
              ReduceParams params, Sequence &program, const DebugContext &debugContext,
              const poplar::OptionFlags &options) {
  std::vector<std::size_t> shape;
  for (unsigned i = 0; i < in.rank(); ++i) {
    if (std::count(dims.begin(), dims.end(), i) == 0) {
      shape.push_back(in.dim(i));
    }
  }
  const Tensor out = axonc_ipu::addSpread(graph, outType, shape, DebugContext(debugContext, "out"));
  reduceWithOutput(graph, in, out, dims, std::move(params), program, debugContext, options);
  return out;
}

Tensor reduce(Graph &graph, const Tensor &in, const std::vector<std::size_t> &dims, ReduceParams params,
              Sequence &program, const DebugContext &debugContext, const poplar::OptionFlags &options) {
  return reduce(graph, in, in.elementType(), dims, std::move(params), program, debugContext, options);
}

namespace {

void appendSets(const Sequence &program, std::vector<poplar::ComputeSet> &computeSets) {
  for (const axonc_ipu::NodePtr &part : std::get<axonc_ipu::SequenceNode>(program.node()->what).parts) {
    computeSets.emplace_back(std::get<axonc_ipu::ExecuteNode>(part->what).computeSet);
  }
}

} // namespace

void reduceWithOutput(Graph &graph, const Tensor &in, const Tensor &out, const std::vector<std::size_t> &dims,
                      ReduceParams params, std::vector<poplar::ComputeSet> &computeSets,
                      const DebugContext &debugContext, const poplar::OptionFlags &options) {
  Sequence program;
  reduceWithOutput(graph, in, out, dims, std::move(params), program, debugContext, options);
  appendSets(program, computeSets);
}

Tensor reduce(Graph &graph, const Tensor &in, const std::vector<std::size_t> &dims, ReduceParams params,
              std::vector<poplar::ComputeSet> &computeSets, const DebugContext &debugContext,
              const poplar::OptionFlags &options) {
  Sequence program;
  Tensor out = reduce(graph, in, dims, std::move(params), program, debugContext, options);
  appendSets(program, computeSets);
  return out;
}

void reduceMany(Graph &graph, const std::vector<SingleReduceOp> &reductions, std::vector<Tensor> &outputs,
                Sequence &program, const DebugContext &debugContext, const poplar::OptionFlags &options) {
  const bool given = !outputs.empty();
  require<poplar::poplar_error>(!given || outputs.size() == reductions.size(), "reduceMany: ", outputs.size(),
                                " outputs for ", reductions.size(), " reductions");
  for (std::size_t i = 0; i < reductions.size(); ++i) {
    const SingleReduceOp &one = reductions[i];
    const DebugContext name(debugContext, one.debugName);
    if (given) {
      reduceWithOutput(graph, one.in, outputs[i], one.dims, one.params, program, name, options);
    } else {
      outputs.push_back(reduce(graph, one.in, one.outType, one.dims, one.params, program, name, options));
    }
  }
}

} // namespace popops
