// A program whose bytes and cycles can be counted by hand; the test does.
#include "show.hpp"

#include <poplar/PerfEstimateFunc.hpp>

using namespace poplar;
using namespace poplar::program;

int main() {
  const Device device = deviceOf(3);
  Graph graph(device.getTarget());
  graph.addCodelets("rules_codelets.cpp");
  const Tensor x = graph.addVariable(FLOAT, {100}, "x");
  const Tensor y = graph.addVariable(FLOAT, {100}, "y");
  const Tensor temporary = graph.addVariable(FLOAT, {50}, "temporary");
  const Tensor one = graph.addConstant<float>(FLOAT, {3}, 1.0F, "one");
  graph.setTileMapping(x, 0);
  graph.setTileMapping(y.slice(0, 60), 1);
  graph.setTileMapping(y.slice(60, 100), 2);
  graph.setTileMapping(temporary, 2);
  graph.setTileMapping(one, 2);
  graph.createHostWrite("x", x);
  graph.createHostRead("y", y);
  graph.registerPerfEstimator("Add", [](const VertexIntrospector &vertex, const Target &target) {
    return VertexPerfEstimate(10 + vertex.getFieldInfo("in").size() * target.getTypeSize(FLOAT),
                              vertex.getFieldInfo("in").size());
  });
  const ComputeSet set = graph.addComputeSet("work");
  for (unsigned i = 0; i < 2; ++i) { // both on tile 1; of tile 0 they read the same 20 elements, and each 20 others
    const VertexRef vertex = graph.addVertex(
        set, "Add",
        {{"in", concat(x.slice(0, 20), x.slice(40 + 20 * i, 60 + 20 * i))}, {"out", y.slice(30 * i, 30 * i + 30)}});
    graph.setTileMapping(vertex, 1);
  }
  const VertexRef remote =
      graph.addVertex(set, "Add", {{"in", x.slice(0, 5)}, {"out", y.slice(60, 65)}}); // writes to tile 2 from tile 0
  graph.setTileMapping(remote, 0);
  graph.setPerfEstimate(remote, 17);
  const Sequence program{Execute(set), Copy(x.slice(0, 50), temporary),
                         Repeat(4, Copy(temporary.slice(0, 10), y.slice(90, 100))),
                         Copy(x.slice(0, 30).broadcast(2, 0), y.slice(0, 60))};
  Engine engine(graph, program);
  engine.load(device);
  const std::vector<float> values(100, 2.0F);
  engine.writeTensor("x", values.data());
  engine.run();
  engine.printProfileSummary(std::cout);
}
