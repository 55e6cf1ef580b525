// A vertex on each of four tiles sums a row of a matrix.
#include <iostream>
#include <poplar/Engine.hpp>
#include <poplar/IPUModel.hpp>

using namespace poplar;
using namespace poplar::program;

int main() {
  IPUModel model;
  model.tilesPerIPU = 4;
  const Device device = model.createDevice();
  Graph graph(device.getTarget());
  graph.addCodelets("sum_codelets.cpp");

  const Tensor matrix = graph.addVariable(FLOAT, {4, 3}, "matrix");
  const Tensor sums = graph.addVariable(FLOAT, {4}, "sums");
  const ComputeSet set = graph.addComputeSet("sum");
  for (unsigned i = 0; i < 4; ++i) {
    graph.setTileMapping(matrix[i], i);
    graph.setTileMapping(sums[i], i);
    const VertexRef vertex = graph.addVertex(set, "Sum", {{"in", matrix[i]}, {"out", sums[i]}});
    graph.setInitialValue(vertex["offset"], 0.5F);
    graph.setTileMapping(vertex, i);
    graph.setPerfEstimate(vertex, 20);
  }
  graph.createHostWrite("matrix", matrix);
  graph.createHostRead("sums", sums);

  Engine engine(graph, Sequence{Execute(set), PrintTensor("sums", sums)});
  engine.load(device);
  engine.setPrintStream(std::cout);
  const std::vector<float> values{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  engine.writeTensor("matrix", values.data(), values.data() + values.size());
  engine.run();
  std::vector<float> read(4);
  engine.readTensor("sums", read.data(), read.data() + read.size());
  for (const float sum : read) {
    std::cout << sum << ' ';
  }
  std::cout << '\n';
}
