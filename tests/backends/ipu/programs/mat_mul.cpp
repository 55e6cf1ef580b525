// Matrix products of several shapes and types.
#include "show.hpp"

#include <poplin/MatMul.hpp>
#include <poplin/codelets.hpp>
#include <poputil/TileMapping.hpp>

using namespace poplar;
using namespace poplar::program;

int main() {
  const Device device = deviceOf(8);
  Graph graph(device.getTarget());
  poplin::addCodelets(graph);
  Shown shown(graph);
  Sequence program;
  poplin::PlanningCache cache;
  const auto filled = [&](const Tensor &tensor, std::size_t step) {
    std::vector<float> values(tensor.numElements());
    for (std::size_t k = 0; k < values.size(); ++k) {
      values[k] = static_cast<float>((k * step) % 7) - 3.0F;
    }
    graph.setInitialValue<float>(tensor, ArrayRef<float>(values));
    return tensor;
  };
  const auto product = [&](const std::string &name, const Type &type, std::size_t m, std::size_t k, std::size_t n) {
    const Tensor a = filled(poplin::createMatMulInputLHS(graph, type, FLOAT, {m, k}, {k, n}, "a"), 3);
    const Tensor b = filled(poplin::createMatMulInputRHS(graph, type, FLOAT, {m, k}, {k, n}, "b"), 5);
    shown.add(name, poplin::matMul(graph, a, b, program, FLOAT, name, {}, &cache));
  };
  product("square", FLOAT, 8, 8, 8);
  product("odd", FLOAT, 5, 7, 3);
  product("vector", HALF, 1, 33, 4);
  product("column", FLOAT, 9, 2, 1);
  const Tensor groupsA = graph.addVariable(FLOAT, {2, 3, 4}, VariableMappingMethod::LINEAR, "groupsA");
  const Tensor groupsB = graph.addVariable(FLOAT, {2, 4, 2}, VariableMappingMethod::LINEAR, "groupsB");
  shown.add("grouped", poplin::matMulGrouped(graph, filled(groupsA, 3), filled(groupsB, 5), program, FLOAT));
  const Tensor sum = graph.addVariable(FLOAT, {3, 2}, VariableMappingMethod::LINEAR, "sum");
  poplin::matMulAcc(graph, filled(sum, 2), 0.5F, groupsA[0], groupsB[0], program);
  shown.add("accumulated", sum);

  Engine engine(graph, program, {{"axonc.undefined", "all"}});
  engine.load(device);
  engine.run();
  shown.print(engine);
}
