#ifndef POPLAR_DEVICE_HPP
#define POPLAR_DEVICE_HPP

#include <poplar/Target.hpp>
#include <vector>

namespace poplar {

class Device {
public:
  Device() = default;
  explicit Device(Target target, unsigned id = 0) : target_(std::move(target)), id_(id) {}
  static Device createCPUDevice();
  static Device createSimulatorDevice(const Target &target, const OptionFlags &options = {});
  const Target &getTarget() const { return target_; }
  unsigned getId() const { return id_; }
  std::vector<int> getDriverIDs() const { return {static_cast<int>(id_)}; }
  bool attach() const { return true; }
  void detach() const {}
  bool isAttached() const { return true; }
  void reset() const {}
  bool supportsRemoteBuffers() const { return target_.getTargetType() != TargetType::CPU; }

private:
  Target target_;
  unsigned id_ = 0;
};

} // namespace poplar

#endif
