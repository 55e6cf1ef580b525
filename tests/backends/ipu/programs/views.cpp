// Views of tensors: each is copied into a tensor of its own and printed.
#include "show.hpp"

#include <numeric>
#include <poputil/TileMapping.hpp>

using namespace poplar;
using namespace poplar::program;

int main() {
  const Device device = deviceOf(5);
  Graph graph(device.getTarget());
  std::vector<int> numbers(2 * 3 * 4);
  std::iota(numbers.begin(), numbers.end(), 0);
  const Tensor t = graph.addVariable(INT, {2, 3, 4}, "t");
  poputil::mapTensorLinearly(graph, t, 1, 1);
  graph.setInitialValue<int>(t, ArrayRef<int>(numbers));
  const Tensor c = graph.addConstant<int>(INT, {2, 3}, {10, 11, 12, 13, 14, 15});
  graph.setTileMapping(c, 2);

  Shown shown(graph);
  Sequence program;
  const auto show = [&](const std::string &name, const Tensor &view) {
    const Tensor copy = graph.addVariable(INT, view.shape(), name);
    poputil::mapTensorLinearly(graph, copy, 1, 1);
    program.add(Copy(view, copy));
    shown.add(name + view.shapeToString(), copy);
  };

  show("whole", t);
  show("index", t[1]);
  show("indices", t.index({1, 2}));
  show("slice", t.slice(1, 3, 2));
  show("box", t.slice({0, 1, 1}, {1, 3, 3}));
  show("flatten", t.flatten());
  show("partial", t.reshapePartial(0, 2, {3, 2}));
  show("reshape", t.reshape({4, 6}));
  show("shuffle", t.dimShuffle({2, 0, 1}));
  show("roll", t.dimRoll(2));
  show("some", t.dimShufflePartial({0}, {2}));
  show("transpose", t[0].transpose());
  show("expand", c.expand({0, 2}));
  show("squeeze", t.slice(0, 1, 0).squeeze());
  show("broadcast", c.broadcast(2, 1));
  show("repeated", c.flatten()[4].expand({0}).broadcast(3, 0));
  show("reverse", t.reverse(1));
  show("mirror", t.reverse(2));
  show("sample", t.subSample(2, 2));
  show("sampled", t.subSample(2, 1));
  show("upsample", c.upsample(2, 1));
  show("concat", concat(t[0], t[1], 1));
  show("joined", concat({c, c.reverse(0), c}, 0));
  show("append", append(c, t[0].slice(0, 1, 0).flatten().slice(0, 2).reshape({2}), 1));
  show("mixed",
       concat(t.dimShuffle({2, 1, 0}).slice(1, 3, 0).flatten(), c.transpose().flatten()).reverse(0).subSample(3, 0));

  // A view is a place to write to, too.
  const Tensor target = graph.addVariable(INT, {4, 3}, "target");
  poputil::mapTensorLinearly(graph, target);
  const Tensor sevens = graph.addConstant<int>(INT, {12}, 7);
  graph.setTileMapping(sevens, 0);
  program.add(Copy(sevens, target.flatten()));
  program.add(Copy(c.transpose(), target.slice({1, 1}, {4, 3})));
  program.add(Copy(target.slice(0, 2, 0), target.slice(1, 3, 0))); // overlaps: all is read before anything is written
  shown.add("target{4,3}", target);

  std::cout << "facts " << t.isContiguous() << t[0].transpose().isContiguous() << c.broadcast(2, 0).containsAliases()
            << t.containsAliases() << c.containsConstant() << t.isParallelWriteable() << c.isParallelWriteable()
            << t.intersectsWith(t[1]) << t[0].intersectsWith(t[1]) << (t[1] == t.slice(1, 2, 0).squeeze({0}))
            << (t.rank() == 3) << '\n';
  std::cout << "mapping";
  for (const auto &intervals : graph.getTileMapping(t[0].transpose())) {
    std::size_t count = 0;
    for (const Interval &interval : intervals) {
      count += interval.size();
    }
    std::cout << ' ' << count;
  }
  std::cout << '\n';
  Engine engine(graph, program);
  engine.load(device);
  engine.run();
  shown.print(engine);
}
