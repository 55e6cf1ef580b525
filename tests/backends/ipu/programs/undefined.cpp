// Undefined elements go from an input through a sum to the host, and stay undefined.
#include "show.hpp"

using namespace poplar;
using namespace poplar::program;

int main() {
  const Device device = deviceOf(2);
  Graph graph(device.getTarget());
  graph.addCodelets("rules_codelets.cpp");
  const Tensor x = graph.addVariable(FLOAT, {8}, "x");
  const Tensor y = graph.addVariable(FLOAT, {8}, "y");
  graph.setTileMapping(x, 0);
  graph.setTileMapping(y, 1);
  graph.setInitialValue<float>(x.slice(0, 6), ArrayRef<float>({0, 1, 2, 3, 4, 5}));
  const ComputeSet set = graph.addComputeSet("add");
  graph.setTileMapping(graph.addVertex(set, "Add", {{"in", x}, {"out", y}}), 0);
  graph.createHostRead("y", y);
  // z ends with elements 7, 6, 7, 6, 3, 2, 1, 0 of x; of these 7 and 6 are undefined.
  const Tensor z = graph.addVariable(FLOAT, {8}, "z");
  graph.setTileMapping(z, 0);
  graph.createHostRead("z", z);
  Engine engine(graph, Sequence{Execute(set), WriteUndef(y.slice(0, 1)), Copy(x.reverse(0), z),
                                Copy(z.slice(0, 2), z.slice(2, 4))});
  engine.load(device);
  engine.run();
  std::vector<float> read(8);
  engine.readTensor("y", read.data());
  std::vector<float> copied(8);
  engine.readTensor("z", copied.data());
  for (std::size_t i = 1; i < 6; ++i) {
    std::cout << read[i] << ' ';
  }
  std::cout << '\n';
}
