// Copies within chips and between them, whose bytes can be counted by hand; the test does.
#include "show.hpp"

#include <poplar/IPUModel.hpp>

using namespace poplar;
using namespace poplar::program;

int main() {
  IPUModel model("ipu2");
  model.numIPUs = 3;
  model.tilesPerIPU = 4; // tiles 0 to 3, 4 to 7 and 8 to 11
  const Device device = model.createDevice();
  Graph graph(device.getTarget());
  const auto on = [&](const char *name, std::size_t elements, unsigned tile) {
    const Tensor tensor = graph.addVariable(FLOAT, {elements}, name);
    graph.setTileMapping(tensor, tile);
    return tensor;
  };
  const Tensor x = on("x", 40, 0);
  const Tensor near = on("near", 40, 3);
  const Tensor far = on("far", 40, 4);
  const Tensor farther = on("farther", 40, 7);
  const Tensor last = on("last", 30, 11);
  graph.createHostWrite("x", x);
  const Sequence program{Copy(x, near), Copy(concat({x, x}), concat({far, farther})),
                         Copy(concat({x, far.slice(0, 30)}), concat({farther, last}))};
  Engine engine(graph, program);
  engine.load(device);
  const std::vector<float> values(40, 2.0F);
  engine.writeTensor("x", values.data());
  engine.run();
}
