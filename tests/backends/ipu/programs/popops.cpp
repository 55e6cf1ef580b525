// Element-wise operations, casts, reductions, dynamic slices.
#include "show.hpp"

#include <popops/Cast.hpp>
#include <popops/DynamicSlice.hpp>
#include <popops/ElementWise.hpp>
#include <popops/Fill.hpp>
#include <popops/Reduce.hpp>
#include <popops/ScaledAdd.hpp>
#include <popops/Zero.hpp>
#include <popops/codelets.hpp>
#include <poputil/TileMapping.hpp>

using namespace poplar;
using namespace poplar::program;
namespace expr = popops::expr;

int main() {
  const Device device = deviceOf(6);
  Graph graph(device.getTarget());
  popops::addCodelets(graph);
  Shown shown(graph);
  Sequence program;
  const auto given = [&](const Type &type, std::vector<std::size_t> shape, std::vector<float> values) {
    const Tensor made = graph.addVariable(type, shape);
    poputil::mapTensorLinearly(graph, made, 1, 1);
    graph.setInitialValue<float>(made, ArrayRef<float>(values));
    return made;
  };
  const Tensor a = given(FLOAT, {2, 3}, {1.5F, -2, 3, 0.25F, 5, -6});
  const Tensor b = given(FLOAT, {3}, {2, 4, -0.5F});
  const Tensor i = given(INT, {4}, {7, -7, 2147483520, 0});
  const Tensor j = given(INT, {4}, {2, 2, 200, 5});

  shown.add("add", popops::add(graph, a, b, program));
  shown.add("sub", popops::sub(graph, a, 1.5F, program));
  shown.add("mul", popops::mul(graph, a.transpose(), b.expand({1}), program));
  shown.add("div", popops::div(graph, b, a, program));
  shown.add("max", popops::max(graph, a, b, program));
  shown.add("pow", popops::pow(graph, b, 2.0F, program));
  shown.add("exp", popops::exp(graph, b, program));
  shown.add("tanh", popops::tanh(graph, a, program));
  shown.add("sigmoid", popops::sigmoid(graph, a, program));
  shown.add("sqrt", popops::sqrt(graph, popops::abs(graph, a, program), program));
  shown.add("less", popops::lt(graph, a, b, program));
  shown.add("select", popops::select(graph, a, b, popops::gt(graph, a, b, program), program));
  shown.add("clamp", popops::map(graph, expr::Clamp(expr::_1, expr::Const(-1.0F), expr::Const(2.0F)), {a}, program));
  shown.add("expression",
            popops::map(graph, (expr::_1 + expr::_2 * 2.0F) / (expr::Abs(expr::_1) + 1.0F), {a, b}, program));
  shown.add("integer_div", popops::div(graph, i, j, program));
  shown.add("integer_rem", popops::rem(graph, i, j, program));
  shown.add("wrapped", popops::add(graph, i, j, program));
  shown.add("shifted", popops::map(graph, (expr::_1 << 3) ^ expr::_2, {i, j}, program));
  shown.add("to_int", popops::cast(graph, a, INT, program));
  shown.add("to_half", popops::cast(graph, popops::mul(graph, a, 0.1F, program), HALF, program));
  shown.add("half_add",
            popops::add(graph, given(HALF, {3}, {2048, 2050, 0.1F}), given(HALF, {3}, {1, 1, 0.2F}), program));

  const Tensor changed = given(FLOAT, {2, 3}, {1, 2, 3, 4, 5, 6});
  popops::addInPlace(graph, changed, b, program);
  popops::mulInPlace(graph, changed[1], 2.0F, program);
  popops::scaledAddTo(graph, changed, a, 0.5F, program);
  shown.add("changed", changed);
  const Tensor filled = graph.addVariable(FLOAT, {5}, VariableMappingMethod::LINEAR);
  popops::fill(graph, filled, program, 2.5F);
  popops::zero(graph, filled.slice(1, 3), program);
  shown.add("filled", filled);

  std::vector<float> many(4 * 5 * 6);
  for (std::size_t k = 0; k < many.size(); ++k) {
    many[k] = static_cast<float>((k * 37) % 11) - 4.0F;
  }
  const Tensor cube = given(FLOAT, {4, 5, 6}, many);
  shown.add("reduce_all",
            popops::reduce(graph, cube, {0, 1, 2}, popops::ReduceParams(popops::Operation::ADD), program));
  shown.add("reduce_mid", popops::reduce(graph, cube, {1}, popops::Operation::MAX, program));
  shown.add("reduce_out", popops::reduce(graph, cube, {0, 2}, popops::Operation::SQUARE_ADD, program));
  shown.add("reduce_int", popops::reduce(graph, i, {0}, popops::Operation::MIN, program));
  const Tensor total = given(FLOAT, {6}, {1, 1, 1, 1, 1, 1});
  const Tensor scale = given(FLOAT, {1}, {0.5F});
  popops::reduceWithOutput(graph, cube, total, {0, 1}, {popops::Operation::ADD, true, scale}, program);
  shown.add("reduce_update", total);
  std::vector<ComputeSet> sets;
  shown.add("reduce_sets", popops::reduce(graph, cube, {2}, popops::Operation::MIN, sets));
  for (const ComputeSet one : sets) {
    program.add(Execute(one));
  }
  std::vector<Tensor> outputs;
  popops::reduceMany(graph, {{cube[0], {0}, popops::Operation::ADD}, {cube[1], {1}, popops::Operation::ADD}}, outputs,
                     program);
  shown.add("reduce_first", outputs[0]);
  shown.add("reduce_second", outputs[1]);

  const Tensor table = popops::createSliceableTensor(graph, FLOAT, {5, 4}, {0}, {1}, 1);
  std::vector<float> entries(20);
  for (std::size_t k = 0; k < entries.size(); ++k) {
    entries[k] = static_cast<float>(k);
  }
  graph.setInitialValue<float>(table, ArrayRef<float>(entries));
  const Tensor place = given(UNSIGNED_INT, {1}, {3});
  const Tensor both = given(UNSIGNED_INT, {2}, {1, 2});
  shown.add("dynamic", popops::dynamicSlice(graph, table, place, {0}, {2}, program));
  shown.add("dynamic_two", popops::dynamicSlice(graph, table, both, {0, 1}, {2, 2}, program));
  shown.add("multi", popops::multiSlice(graph, table, given(UNSIGNED_INT, {3, 1}, {4, 0, 4}), {0}, {1}, program));
  const Tensor updated = graph.clone(table);
  program.add(Copy(table, updated));
  popops::dynamicUpdate(graph, updated, given(FLOAT, {2, 2}, {-1, -2, -3, -4}), both, {0, 1}, {2, 2}, program);
  popops::multiUpdateAdd(graph, updated, given(FLOAT, {3, 1, 4}, {1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3}),
                         given(UNSIGNED_INT, {3, 1}, {4, 0, 4}), given(FLOAT, {}, {10}), {0}, {1}, program);
  shown.add("updated", updated);

  Engine engine(graph, program, {{"axonc.undefined", "all"}});
  engine.load(device);
  engine.run();
  shown.print(engine);
}
