// Host program and codelets in one file; and codelets as text.
#ifdef __POPC__

#include <poplar/Vertex.hpp>

using namespace poplar;

class Increment : public Vertex {
public:
  InOut<Vector<int>> x;

  bool compute() {
    for (int &value : x) {
      value += 1;
    }
    return true;
  }
};

#else

#include "show.hpp"

#include <sstream>

using namespace poplar;
using namespace poplar::program;

int main() {
  const Device device = deviceOf(1);
  Graph graph(device.getTarget());
  graph.addCodelets(__FILE__);
  std::stringstream text("#include <poplar/Vertex.hpp>\n"
                         "class Triple : public poplar::Vertex {\n"
                         "public:\n"
                         "  poplar::InOut<poplar::Vector<int>> x;\n"
                         "  bool compute() {\n"
                         "    for (int &value : x) { value *= FACTOR; }\n"
                         "    return true;\n"
                         "  }\n"
                         "};\n");
  graph.addCodelets(text, "-DFACTOR=3");
  std::stringstream broken("class Nothing {");
  try {
    graph.addCodelets(broken);
  } catch (const graph_object_load_error &error) {
    std::cout << "refused\n";
  }
  const Tensor x = graph.addVariable(INT, {3}, "x");
  graph.setTileMapping(x, 0);
  graph.setInitialValue<int>(x, ArrayRef<int>({1, 2, 3}));
  Sequence program;
  for (const char *name : {"Increment", "Triple"}) {
    const ComputeSet set = graph.addComputeSet(name);
    graph.setTileMapping(graph.addVertex(set, name, {{"x", x}}), 0);
    program.add(Execute(set));
  }
  program.add(PrintTensor("x", x));
  Engine engine(graph, program);
  engine.load(device);
  engine.setPrintStream(std::cout);
  engine.run();
}

#endif
