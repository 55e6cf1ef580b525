// A codelet that includes a header of the language, and the program that runs it.
#ifdef __POPC__

#include <algorithm>
#include <poplar/Vertex.hpp>

using namespace poplar;

class Sorted : public Vertex {
public:
  InOut<Vector<int>> x;

  bool compute() {
    std::sort(&x[0], &x[0] + x.size());
    return true;
  }
};

#else

#include "show.hpp"

using namespace poplar;
using namespace poplar::program;

int main() {
  const Device device = deviceOf(1);
  Graph graph(device.getTarget());
  graph.addCodelets(__FILE__);
  const Tensor x = graph.addVariable(INT, {4}, "x");
  graph.setTileMapping(x, 0);
  graph.setInitialValue<int>(x, ArrayRef<int>({3, 9, -2, 5}));
  const ComputeSet set = graph.addComputeSet("sort");
  graph.setTileMapping(graph.addVertex(set, "Sorted", {{"x", x}}), 0);
  const Sequence program({Execute(set), PrintTensor("x", x)});
  Engine engine(graph, program);
  engine.load(device);
  engine.setPrintStream(std::cout);
  engine.run();
}

#endif
