// Connects vertices with every kind of field and prints what they compute.
#include "show.hpp"

#include <poputil/TileMapping.hpp>
#include <poputil/VertexTemplates.hpp>

using namespace poplar;
using namespace poplar::program;

int main() {
  const Device device = deviceOf(4);
  Graph graph(device.getTarget());
  graph.addCodelets("fields_codelets.cpp");
  const ComputeSet set = graph.addComputeSet("fields");
  Shown shown(graph);
  const auto given = [&](const Type &type, std::vector<std::size_t> shape, std::vector<float> values) {
    const Tensor made = graph.addVariable(type, shape);
    poputil::mapTensorLinearly(graph, made, 1, 1);
    graph.setInitialValue<float>(made, ArrayRef<float>(values));
    return made;
  };
  const auto output = [&](const std::string &name, const Type &type, std::vector<std::size_t> shape, unsigned tile) {
    const Tensor made = graph.addVariable(type, shape, name);
    graph.setTileMapping(made, tile);
    shown.add(name, made);
    return made;
  };

  const Tensor numbers = given(INT, {12}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  const Tensor changed = given(INT, {4}, {1, 2, 3, 4});
  shown.add("changed", changed);
  const VertexRef layouts = graph.addVertex(set, "Layouts",
                                            {{"span", numbers.slice(0, 3)},
                                             {"pointer", numbers.slice(3, 6)},
                                             {"scaled", numbers.slice(0, 12).subSample(4, 0)},
                                             {"changed", changed.reverse(0)},
                                             {"factor", 3},
                                             {"total", output("total", INT, {}, 3)},
                                             {"count", 3U}});
  graph.setInitialValue(layouts["negate"], true);
  graph.setInitialValue(layouts["kind"], 0);
  graph.setInitialValue<float>(layouts["table"], ArrayRef<float>({0.5F, 2.5F, 1.0F}));
  graph.setTileMapping(layouts, 1);

  const Tensor matrix = given(FLOAT, {3, 2}, {1, 2, 3, 4, 5, 6});
  const Tensor rows = output("rows", FLOAT, {2, 3}, 0);
  const VertexRef twoD = graph.addVertex(set, "Rows");
  graph.connect(twoD["in"], matrix.transpose());
  graph.setFieldSize(twoD["list"], 2);
  graph.connect(twoD["list"][0], matrix.slice(1, 2, 0).flatten());
  graph.connect(twoD["list"][1], matrix.slice(2, 3, 0).flatten().slice(1, 2));
  graph.connect(twoD["out"], {rows[0], rows[1]});
  graph.setTileMapping(twoD, 2);

  const std::vector<std::pair<Type, std::string>> instances{
      {FLOAT, poputil::templateVertex("tools::Scale", FLOAT, 3, true)},
      {INT, poputil::templateVertex("tools::Scale", "int", 2U, false)},
      {HALF, poputil::templateVertex("tools::Scale", HALF, 3, true)},
  };
  for (const auto &[type, name] : instances) {
    const VertexRef vertex = graph.addVertex(
        set, name,
        {{"in", given(type, {3}, {1.0F, -2.0F, 1000.25F})}, {"out", output("scale_" + type.toString(), type, {3}, 1)}});
    graph.setTileMapping(vertex, 1);
  }

  std::vector<float> ones(10, 1.0F);
  const Tensor shared = given(UNSIGNED_INT, {10}, ones);
  shown.add("shared", shared);
  graph.setTileMapping(graph.addVertex(set, "Workers", {{"data", shared}}), 0);

  const Tensor a = given(HALF, {4}, {2048.0F, 0.1F, 65504.0F, 0.00006F});
  const Tensor b = given(HALF, {4}, {1.0F, 0.2F, 65504.0F, 0.001F});
  graph.setTileMapping(graph.addVertex(set, "Halves",
                                       {{"a", a},
                                        {"b", b},
                                        {"sum", output("half_sum", HALF, {4}, 0)},
                                        {"product", output("half_product", HALF, {4}, 1)},
                                        {"exact", output("half_exact", FLOAT, {4}, 3)}}),
                       3);
  graph.setTileMapping(graph.addVertex(set, "Counter", {{"out", output("count", UNSIGNED_INT, {}, 2)}, {"count", 5U}}),
                       2);

  Engine engine(graph, Execute(set));
  engine.load(device);
  engine.run();
  engine.run();
  shown.print(engine);
}
