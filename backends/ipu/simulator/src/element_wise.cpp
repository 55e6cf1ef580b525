// Maps of expressions: on each tile one vertex computes what the tile holds of the output.
#include "checks.hpp"
#include "expressions.hpp"

#include <popops/Cast.hpp>
#include <popops/ElementWise.hpp>
#include <popops/Loop.hpp>
#include <popops/ScaledAdd.hpp>
#include <popops/Zero.hpp>
#include <poputil/TileMapping.hpp>
#include <poputil/Util.hpp>

namespace popops {

using axonc_ipu::Direction;
using axonc_ipu::NativeField;
using axonc_ipu::NativeRows;
using axonc_ipu::require;
using axonc_ipu::Span;
using poplar::DebugContext;
using poplar::Graph;
using poplar::Tensor;
using poplar::Type;
using poplar::program::Sequence;

namespace {

std::vector<Type> typesOf(const std::vector<Tensor> &tensors) {
  std::vector<Type> types;
  for (const Tensor &tensor : tensors) {
    types.push_back(tensor.elementType());
  }
  return types;
}

// The shape that all tensors have after broadcasting.
std::vector<std::size_t> commonShape(const std::vector<Tensor> &tensors) {
  Tensor widest = tensors.at(0);
  for (const Tensor &tensor : tensors) {
    Tensor other = tensor;
    poputil::broadcastToMatch(widest, other);
  }
  return widest.shape();
}

// Inputs in the shape of the output; one element serves all as it is.
std::vector<Tensor> matched(const std::vector<Tensor> &tensors, const Tensor &output) {
  std::vector<Tensor> flat;
  for (Tensor tensor : tensors) {
    if (tensor.numElements() != 1) {
      poputil::broadcastToMatch(tensor, output.shape());
    }
    flat.push_back(tensor.flatten());
  }
  return flat;
}

// `first` is the first tensor that the vertex only reads: those before it are the output.
void addMap(Graph &graph, const expr::Expr &expression, const std::vector<Tensor> &tensors, const Tensor &output,
            std::size_t first, Sequence &program, const DebugContext &debugContext) {
  const std::vector<Type> types = typesOf(tensors);
  const Type type = axonc_ipu::typeOf(*expression.term(), types);
  const bool constant = std::holds_alternative<expr::ConstTerm>(expression.term()->what);
  require<poplar::type_error>(type == output.elementType() || constant, "an expression of type ", type,
                              " and an output of type ", output.elementType());
  require<poplar::poplar_error>(output.isParallelWriteable(),
                                "the output of an element-wise operation has constant or repeated elements");
  std::vector<NativeField> fields{{"out", output.elementType(), first == 0 ? Direction::Output : Direction::InOut}};
  for (std::size_t i = first; i < tensors.size(); ++i) {
    fields.push_back({axonc_ipu::text("in", i + 1), types[i], Direction::Input});
  }
  const auto compute = [=, term = expression.term()](NativeRows rows) {
    for (std::size_t r = 0; r < axonc_ipu::rowsOf(rows, 0); ++r) {
      const Span out = axonc_ipu::rowOf(rows, 0, r);
      std::vector<Span> arguments(first, out);
      for (std::size_t i = first; i < types.size(); ++i) {
        arguments.push_back(axonc_ipu::rowOf(rows, i - first + 1, r));
      }
      axonc_ipu::storeValues(axonc_ipu::convert(axonc_ipu::evaluate(*term, types, arguments, out.size), fields[0].type),
                             out);
    }
  };
  axonc_ipu::NativeSet set(graph, "popops::Map", fields, compute, debugContext);
  const std::vector<Tensor> flat = matched(tensors, output);
  const Tensor flatOutput = output.flatten();
  const auto mapping = graph.getTileMapping(output);
  for (unsigned tile = 0; tile < mapping.size(); ++tile) {
    if (mapping[tile].empty()) {
      continue;
    }
    std::vector<std::vector<Tensor>> rows{flatOutput.slices(poplar::ArrayRef<poplar::Interval>(mapping[tile]))};
    for (std::size_t i = first; i < flat.size(); ++i) {
      rows.push_back(flat[i].numElements() == 1 ? std::vector<Tensor>(mapping[tile].size(), flat[i])
                                                : flat[i].slices(poplar::ArrayRef<poplar::Interval>(mapping[tile])));
    }
    set.add(tile, rows);
  }
  set.execute(program);
}

} // namespace

Tensor map(Graph &graph, const expr::Expr &expression, const std::vector<Tensor> &tensors, Sequence &program,
           const DebugContext &debugContext, const poplar::OptionFlags & /*options*/) {
  const Type type = axonc_ipu::typeOf(*expression.term(), typesOf(tensors));
  const auto shape = commonShape(tensors);
  Tensor output;
  for (const Tensor &tensor : tensors) {
    if (!output.valid() && tensor.shape() == shape && tensor.isParallelWriteable()) {
      output = graph.clone(type, tensor, debugContext);
    }
  }
  if (!output.valid()) {
    output = axonc_ipu::addSpread(graph, type, shape, debugContext);
  }
  addMap(graph, expression, tensors, output, 0, program, debugContext);
  return output;
}

void mapInPlace(Graph &graph, const expr::Expr &expression, const std::vector<Tensor> &tensors, Sequence &program,
                const DebugContext &debugContext, const poplar::OptionFlags & /*options*/) {
  addMap(graph, expression, tensors, tensors.at(0), 1, program, debugContext);
}

void mapWithOutput(Graph &graph, const expr::Expr &expression, const std::vector<Tensor> &tensors, const Tensor &output,
                   Sequence &program, const DebugContext &debugContext, const poplar::OptionFlags & /*options*/) {
  addMap(graph, expression, tensors, output, 0, program, debugContext);
}

Tensor cast(Graph &graph, const Tensor &source, const Type &type, Sequence &program, const DebugContext &debugContext) {
  return map(graph, expr::Cast(expr::_1, type), {source}, program, debugContext);
}

Sequence cast(Graph &graph, Tensor source, Tensor destination, const DebugContext &debugContext) {
  Sequence program(debugContext);
  mapWithOutput(graph, expr::Cast(expr::_1, destination.elementType()), {source}, destination, program, debugContext);
  return program;
}

void zero(Graph &graph, const Tensor &tensor, Sequence &program, const DebugContext &debugContext) {
  mapWithOutput(graph, expr::Cast(expr::Const(0), tensor.elementType()), {}, tensor, program, debugContext);
}

namespace {

// An operand in the type of A.
expr::Expr as(const Tensor &A, unsigned place) { return expr::Cast(expr::PlaceHolder(place), A.elementType()); }

} // namespace

void scaledAddTo(Graph &graph, Tensor A, Tensor B, float scale, Sequence &program, const DebugContext &debugContext,
                 const poplar::OptionFlags & /*options*/) {
  mapInPlace(graph, expr::_1 + as(A, 2) * scale, {A, B}, program, debugContext);
}

void scaledAddTo(Graph &graph, Tensor A, Tensor B, Tensor scale, Sequence &program, const DebugContext &debugContext,
                 const poplar::OptionFlags & /*options*/) {
  mapInPlace(graph, expr::_1 + as(A, 2) * as(A, 3), {A, B, scale}, program, debugContext);
}

void scaledAddTo(Graph &graph, Tensor A, float scaleA, Tensor B, float scaleB, Sequence &program,
                 const DebugContext &debugContext, const poplar::OptionFlags & /*options*/) {
  mapInPlace(graph, expr::_1 * scaleA + as(A, 2) * scaleB, {A, B}, program, debugContext);
}

void scaledSubtractFrom(Graph &graph, Tensor A, Tensor B, float scale, Sequence &program,
                        const DebugContext &debugContext, const poplar::OptionFlags & /*options*/) {
  mapInPlace(graph, expr::_1 - as(A, 2) * scale, {A, B}, program, debugContext);
}

Sequence countedLoop(Graph &graph, std::size_t begin, std::size_t end, std::size_t step,
                     const CountedLoopBodyType &body, const DebugContext &debugContext) {
  require<poplar::poplar_error>(step > 0, "a loop with a step of 0");
  const Tensor counter = graph.addVariable(poplar::UNSIGNED_INT, {1}, DebugContext(debugContext, "counter"));
  graph.setTileMapping(counter, 0);
  Sequence loop(debugContext);
  mapWithOutput(graph, expr::Const(static_cast<unsigned>(begin)), {}, counter, loop, debugContext);
  Sequence once{body(counter)};
  mapInPlace(graph, expr::_1 + static_cast<unsigned>(step), {counter}, once, debugContext);
  const std::size_t count = end > begin ? (end - begin + step - 1) / step : 0;
  loop.add(poplar::program::Repeat(static_cast<unsigned>(count), once));
  return loop;
}

Sequence countedLoop(Graph &graph, std::size_t count, const CountedLoopBodyType &body,
                     const DebugContext &debugContext) {
  return countedLoop(graph, 0, count, 1, body, debugContext);
}

} // namespace popops
