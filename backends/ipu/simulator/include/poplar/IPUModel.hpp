#ifndef POPLAR_IPU_MODEL_HPP
#define POPLAR_IPU_MODEL_HPP

#include <poplar/Device.hpp>

namespace poplar {

struct IPUModel {
  explicit IPUModel(const char *version = "ipu2");
  unsigned numIPUs = 1;
  unsigned tilesPerIPU;
  unsigned minIPUSyncDelay = 0;
  bool compileIPUCode = true;
  Device createDevice(const OptionFlags &options = {}, bool accurateHalf = true, unsigned deviceId = 0) const;

private:
  std::string version_;
};

} // namespace poplar

#endif
