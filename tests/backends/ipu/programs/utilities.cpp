// Helpers around graphs: virtual graphs, clones, regions, devices, conversions.
#include "show.hpp"

#include <poplar/DeviceManager.hpp>
#include <poputil/TileMapping.hpp>
#include <poputil/Util.hpp>

using namespace poplar;
using namespace poplar::program;

namespace {

void show(const std::string &name, const std::vector<std::vector<Interval>> &groups) {
  std::cout << name;
  for (const auto &group : groups) {
    std::cout << ' ';
    for (const Interval &interval : group) {
      std::cout << interval;
    }
  }
  std::cout << '\n';
}

} // namespace

int main() {
  const Device device = DeviceManager::createDeviceManager().getDevices(TargetType::IPU, 1).front();
  const Target &target = device.getTarget();
  std::cout << "device " << device.attach() << ' ' << target.getNumTiles() << ' ' << target.getBytesPerTile() << ' '
            << target.getNumWorkerContexts() << ' ' << target.getVectorWidth(HALF) << ' '
            << target.getTypeSize(LONGLONG) << '\n';
  std::cout << "cpu " << Device::createCPUDevice().getTarget().getNumTiles() << '\n';

  Graph whole(deviceOf(8));
  Graph part = whole.createVirtualGraph(4, 8);
  const Tensor t = part.addVariable(FLOAT, {4, 3}, "t");
  poputil::mapTensorLinearly(part, t, 3, 3);
  show("virtual", part.getTileMapping(t));
  show("physical", whole.getTileMapping(t));
  show("clone", whole.getTileMapping(whole.clone(t.transpose())));
  std::cout << "clones " << whole.cloneN(t, 3).shapeToString() << '\n';
  show("regions", whole.getSortedContiguousRegions(t.reverse(0), {Interval(0, 12)}));
  Tensor simple = t.reverse(0).flatten();
  whole.reorderToSimplify(&simple, {});
  std::cout << "simple " << simple.isContiguous() << '\n';
  show("workers", poputil::splitRegionsBetweenWorkers(whole.getTarget(), {Interval(0, 10), Interval(20, 27)}, 2));
  const Tensor turned = whole.addVariable(FLOAT, {64}, "turned");
  std::cout << "next " << poputil::mapTensorLinearlyWithOffset(whole, turned, 7) << '\n';
  show("turned", whole.getTileMapping(turned));
  std::cout << "imbalance " << poputil::getTileImbalance(whole.getTileMapping(turned)) << '\n';
  std::cout << "type " << t.reinterpret(INT).elementType() << '\n';
  whole.addCodelets("rules_codelets.cpp");
  std::cout << "codelets " << whole.hasCodelet("Add") << whole.hasCodelet("Subtract") << ' '
            << whole.getMaxFieldDim("Many", "in", 0) << '\n';

  const std::vector<float> values{1.0F, 0.1F, 1e-8F, 70000.0F};
  std::vector<std::uint16_t> bits(4);
  std::vector<float> back(4);
  copyFloatToDeviceHalf(target, values.data(), bits.data(), 4);
  copyDeviceHalfToFloat(target, bits.data(), back.data(), 4);
  std::cout << "half";
  for (std::size_t i = 0; i < 4; ++i) {
    std::cout << ' ' << bits[i] << ' ' << back[i];
  }
  std::cout << '\n';

  const Tensor original = whole.addConstant<float>(FLOAT, {3}, {1, 2, 3});
  whole.setTileMapping(original, 5);
  Sequence program;
  const Tensor copied = poputil::duplicate(whole, original, program);
  program.add(PrintTensor("copied", copied));
  Engine engine(whole, program);
  engine.load(deviceOf(8));
  engine.setPrintStream(std::cout);
  engine.run();
}
