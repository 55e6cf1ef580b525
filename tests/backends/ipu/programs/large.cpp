// A graph of many tiles and a tensor of many elements: a vertex on each tile sums its part, six times over, and the
// parts move on by one tile. The argument is the number of tiles; each holds 20,000 elements.
#include "show.hpp"

#include <chrono>
#include <cstdlib>
#include <popops/Reduce.hpp>

using namespace poplar;
using namespace poplar::program;

int main(int count, char **arguments) {
  const auto tiles = static_cast<unsigned>(count > 1 ? std::atoi(arguments[1]) : 1472);
  constexpr std::size_t PER_TILE = 20'000;
  const auto start = std::chrono::steady_clock::now();
  const auto told = [&](const char *what) {
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    std::cout << what << " after " << passed.count() << " s\n";
  };
  const Device device = deviceOf(tiles);
  Graph graph(device.getTarget());
  graph.addCodelets("sum_codelets.cpp");
  const Tensor data = graph.addVariable(FLOAT, {tiles, PER_TILE}, "data");
  const Tensor next = graph.addVariable(FLOAT, {tiles, PER_TILE}, "next");
  const Tensor sums = graph.addVariable(FLOAT, {tiles, 6}, "sums");
  const ComputeSet set = graph.addComputeSet("sum");
  for (unsigned tile = 0; tile < tiles; ++tile) {
    for (const Tensor &tensor : {data[tile], next[tile], sums[tile]}) {
      graph.setTileMapping(tensor, tile);
    }
    for (std::size_t i = 0; i < 6; ++i) {
      const Tensor part = data[tile].slice(i * PER_TILE / 6, (i + 1) * PER_TILE / 6);
      const VertexRef vertex = graph.addVertex(set, "Sum", {{"in", part}, {"out", sums[tile][i]}});
      graph.setInitialValue(vertex["offset"], 0.0F);
      graph.setTileMapping(vertex, tile);
    }
  }
  Sequence program{Execute(set), Copy(concat(data.slice(1, tiles, 0), data.slice(0, 1, 0)), next),
                   Copy(next.transpose().transpose(), data)};
  const Tensor total = popops::reduce(graph, sums, {0, 1}, popops::Operation::ADD, program);
  graph.createHostWrite("data", data);
  graph.createHostRead("total", total);
  told("graph");
  Engine engine(graph, Repeat(10, program));
  engine.load(device);
  told("engine");
  std::vector<float> values(data.numElements());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = static_cast<float>(i % 8);
  }
  engine.writeTensor("data", values.data());
  told("data");
  engine.run();
  told("ten rounds");
  float result = 0;
  engine.readTensor("total", &result, &result + 1);
  std::cout.precision(9);
  std::cout << data.numElements() << " elements on " << tiles << " tiles: " << result << '\n';
}
