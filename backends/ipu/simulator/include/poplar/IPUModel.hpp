#ifndef POPLAR_IPU_MODEL_HPP
#define POPLAR_IPU_MODEL_HPP

#include <poplar/Device.hpp>

namespace poplar {

struct IPUModel {
  explicit IPUModel(const char *version = "ipu2");
  unsigned numIPUs = 1;
  unsigned tilesPerIPU;
  enum class RelativeSyncDelayType { AREA_OPTIMAL, NO_DELAY };
  unsigned minIPUSyncDelay = 0; // the accounts have one figure for every sync
  RelativeSyncDelayType relativeSyncDelay = RelativeSyncDelayType::AREA_OPTIMAL;
  bool compileIPUCode = true;
  Device createDevice(const OptionFlags &options = {}, bool accurateHalf = true, unsigned deviceId = 0) const;

private:
  std::string version_;
};

} // namespace poplar

#endif
