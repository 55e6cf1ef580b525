// Every device that a program asks for is there: a model of it.
#ifndef POPLAR_DEVICE_MANAGER_HPP
#define POPLAR_DEVICE_MANAGER_HPP

#include <poplar/Device.hpp>

namespace poplar {

class DeviceManager {
public:
  static DeviceManager createDeviceManager() { return {}; }
  std::size_t getNumDevices() const { return getDevices().size(); }
  std::vector<Device> getDevices(const OptionFlags &options = {}) const;
  std::vector<Device> getDevices(TargetType type, unsigned requiredNumIPUs, const OptionFlags &options = {}) const;
  Device getDevice(unsigned id, const OptionFlags &options = {}) const;
  Device acquireAvailableDevice(TargetType type, unsigned numIPUs, const OptionFlags &options = {}) const;
  Device acquireAvailableDevice(unsigned numIPUs = 1, const OptionFlags &options = {}) const;
};

} // namespace poplar

#endif
