// Data between host and device: streams with buffers and callbacks, remote buffers, host reads and writes.
#include "show.hpp"

#include <poputil/TileMapping.hpp>

using namespace poplar;
using namespace poplar::program;

namespace {

// Fills 100, 101, ... on and on.
class Counting : public StreamCallback {
public:
  Result prefetch(void * /*buffer*/) override { return Result::NotAvailable; }
  void fetch(void *buffer) override {
    for (unsigned i = 0; i < 3; ++i) {
      static_cast<int *>(buffer)[i] = next_++;
    }
  }
  void complete() override {}

private:
  int next_ = 100;
};

} // namespace

int main() {
  const Device device = deviceOf(3);
  Graph graph(device.getTarget());
  const Tensor a = graph.addVariable(INT, {3}, VariableMappingMethod::LINEAR, "a");
  const Tensor b = graph.addVariable(INT, {3}, VariableMappingMethod::LINEAR, "b");
  const Tensor row = graph.addVariable(UNSIGNED_INT, {1}, "row");
  const Tensor two = graph.addVariable(UNSIGNED_INT, {2}, "two");
  const Tensor pair = graph.addVariable(INT, {2, 3}, "pair");
  graph.setTileMapping(row, 1);
  graph.setTileMapping(two, 2);
  graph.setTileMapping(pair, 0);
  const DataStream in = graph.addHostToDeviceFIFO("in", INT, 3);
  const DataStream counting = graph.addHostToDeviceFIFO("counting", INT, 3);
  const DataStream out = graph.addDeviceToHostFIFO("out", INT, 3);
  const DataStream sink = graph.addDeviceToHostFIFO("sink", INT, 3);
  const RemoteBuffer store = graph.addRemoteBuffer("store", INT, 3, 4);
  graph.createHostWrite("row", row);
  graph.createHostWrite("two", two);
  graph.createHostWrite("a", a);
  graph.createHostRead("pair", pair);
  graph.createHostRead("b", b);

  const std::vector<Program> programs{
      Sequence{Copy(in, a), Copy(a, out), Copy(counting, b), Copy(b, sink)},
      Copy(a, store, row),
      Copy(store, b, row),
      Copy(store, pair, two),
  };
  Engine engine(graph, programs);
  engine.load(device);
  std::vector<int> source{1, 2, 3, 4, 5, 6};
  std::vector<int> target(3);
  engine.connectStream(in, source.data(), source.data() + source.size());
  engine.connectStream("out", target.data());
  engine.connectStreamToCallback("counting", std::make_unique<Counting>());
  engine.connectStreamToCallback("sink", [](void *data) {
    const auto *values = static_cast<const int *>(data);
    std::cout << "sink " << values[0] << ' ' << values[1] << ' ' << values[2] << '\n';
  });
  for (unsigned i = 0; i < 3; ++i) { // the third turn starts again at the front
    engine.run(0);
    std::cout << "out " << target[0] << ' ' << target[1] << ' ' << target[2] << '\n';
  }
  for (unsigned i = 0; i < 4; ++i) {
    const std::vector<int> values{static_cast<int>(i), static_cast<int>(10 * i), static_cast<int>(100 * i)};
    engine.writeTensor("row", &i, &i + 1);
    engine.writeTensor("a", values.data(), values.data() + 3);
    engine.run(1);
  }
  unsigned third = 2;
  engine.writeTensor("row", &third);
  engine.run(2);
  engine.readTensor("b", target.data(), target.data() + 3);
  std::cout << "row " << target[0] << ' ' << target[1] << ' ' << target[2] << '\n';
  const std::vector<int> fresh{7, 8, 9};
  engine.copyToRemoteBuffer(fresh.data(), "store", 1);
  engine.copyFromRemoteBuffer("store", target.data(), 3);
  std::cout << "host " << target[0] << ' ' << target[1] << ' ' << target[2] << '\n';
  const std::vector<unsigned> rows{3, 1};
  engine.writeTensor("two", rows.data(), rows.data() + 2);
  engine.run(3);
  std::vector<int> both(6);
  engine.readTensor("pair", both.data(), both.data() + 6);
  std::cout << "pair";
  for (const int value : both) {
    std::cout << ' ' << value;
  }
  std::cout << '\n';
}
