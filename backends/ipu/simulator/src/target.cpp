// Machines: GC200 ("ipu2"), Bow ("ipu21"), GC2 ("ipu1"), and a CPU of one tile.
#include "checks.hpp"
#include "types.hpp"

#include <array>
#include <poplar/DeviceManager.hpp>
#include <poplar/IPUModel.hpp>

namespace poplar {

namespace {

struct System {
  const char *name;
  unsigned tiles;
  unsigned bytesPerTile;
  double clock; // Hz
};

constexpr std::array<System, 3> SYSTEMS{
    {{"ipu1", 1216, 256 * 1024, 1.6e9}, {"ipu2", 1472, 624 * 1024, 1.325e9}, {"ipu21", 1472, 624 * 1024, 1.85e9}}};

const System &systemNamed(const std::string &name) {
  for (const System &system : SYSTEMS) {
    if (name == system.name) {
      return system;
    }
  }
  throw invalid_machine_model("unknown system '" + name + "'; known are ipu1, ipu2 and ipu21");
}

} // namespace

std::string toString(TargetType type) {
  return type == TargetType::IPU ? "IPU" : type == TargetType::IPU_MODEL ? "IPU_MODEL" : "CPU";
}

Target Target::createIPUTarget(unsigned numIPUs, StringRef system, const OptionFlags &options) {
  return createIPUTarget(numIPUs, systemNamed(system.str()).tiles, system, options);
}

Target Target::createIPUTarget(unsigned numIPUs, unsigned tilesPerIPU, StringRef system,
                               const OptionFlags & /*options*/) {
  const System &known = systemNamed(system.str());
  Target target;
  target.type_ = TargetType::IPU;
  target.system_ = system.str();
  target.numIPUs_ = numIPUs;
  target.tilesPerIPU_ = tilesPerIPU;
  target.bytesPerTile_ = known.bytesPerTile;
  target.clock_ = known.clock;
  return target;
}

Target Target::createCPUTarget(bool /*accurateHalf*/, unsigned numTiles) {
  Target target;
  target.tilesPerIPU_ = numTiles;
  return target;
}

std::size_t Target::getTypeSize(const Type &type) const { return axonc_ipu::elementBytes(type); }

bool Target::operator==(const Target &other) const {
  return type_ == other.type_ && system_ == other.system_ && numIPUs_ == other.numIPUs_ &&
         tilesPerIPU_ == other.tilesPerIPU_;
}

Device Device::createCPUDevice() { return Device(Target::createCPUTarget()); }
Device Device::createSimulatorDevice(const Target &target, const OptionFlags & /*options*/) { return Device(target); }

IPUModel::IPUModel(const char *version) : tilesPerIPU(systemNamed(version).tiles), version_(version) {}

Device IPUModel::createDevice(const OptionFlags & /*options*/, bool /*accurateHalf*/, unsigned deviceId) const {
  Target target = Target::createIPUTarget(numIPUs, tilesPerIPU, version_);
  target.type_ = TargetType::IPU_MODEL;
  return Device(target, deviceId);
}

std::vector<Device> DeviceManager::getDevices(const OptionFlags & /*options*/) const {
  return {Device(Target::createIPUTarget(1, "ipu2"), 0), IPUModel().createDevice({}, true, 1),
          Device::createCPUDevice()};
}

std::vector<Device> DeviceManager::getDevices(TargetType type, unsigned requiredNumIPUs,
                                              const OptionFlags & /*options*/) const {
  if (type == TargetType::CPU) {
    return {Device::createCPUDevice()};
  }
  IPUModel model;
  model.numIPUs = requiredNumIPUs;
  return {type == TargetType::IPU ? Device(Target::createIPUTarget(requiredNumIPUs, "ipu2")) : model.createDevice()};
}

Device DeviceManager::getDevice(unsigned id, const OptionFlags &options) const { return getDevices(options).at(id); }

Device DeviceManager::acquireAvailableDevice(TargetType type, unsigned numIPUs, const OptionFlags &options) const {
  return getDevices(type, numIPUs, options).front();
}

Device DeviceManager::acquireAvailableDevice(unsigned numIPUs, const OptionFlags &options) const {
  return acquireAvailableDevice(TargetType::IPU, numIPUs, options);
}

} // namespace poplar
