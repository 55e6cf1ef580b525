// What kind of machine a graph is for: numbers only.
#ifndef POPLAR_TARGET_HPP
#define POPLAR_TARGET_HPP

#include <cstdint>
#include <poplar/OptionFlags.hpp>
#include <poplar/StringRef.hpp>
#include <poplar/TargetType.hpp>
#include <poplar/Type.hpp>

namespace poplar {

class Target {
public:
  Target() = default;
  static Target createIPUTarget(unsigned numIPUs, StringRef system, const OptionFlags &options = {});
  static Target createIPUTarget(unsigned numIPUs, unsigned tilesPerIPU, StringRef system,
                                const OptionFlags &options = {});
  static Target createCPUTarget(bool accurateHalf = true, unsigned numTiles = 1);

  TargetType getTargetType() const { return type_; }
  std::string getTargetSystemString() const { return system_; }
  std::string getTargetArchString() const { return system_; }
  unsigned getNumIPUs() const { return numIPUs_; }
  unsigned getTilesPerIPU() const { return tilesPerIPU_; }
  unsigned getNumTiles() const { return numIPUs_ * tilesPerIPU_; }
  unsigned getNumWorkerContexts() const { return 6; }
  unsigned getBytesPerTile() const { return bytesPerTile_; }
  std::uint64_t getMemoryBytes() const { return std::uint64_t{bytesPerTile_} * getNumTiles(); }
  unsigned getExchangeBytesPerCycle() const { return 4; }
  unsigned getMemcpyBytesPerCycle() const { return 8; }
  unsigned getDataPathWidth() const { return 64; }
  unsigned getVectorWidth(const Type &type) const { return static_cast<unsigned>(8 / getTypeSize(type)); }
  unsigned getFp16ConvUnitInputLoadElemsPerCycle() const { return 4; }
  unsigned getWeightsPerConvUnit(bool floatActivations) const { return floatActivations ? 8 : 16; }
  unsigned getAtomicStoreGranularity() const { return 4; }
  unsigned getMaxIPUSyncDelay() const { return 150; }
  unsigned getGlobalSyncCycles() const { return 600; }
  unsigned getTilesPerSharedExchangeBus() const { return 2; }
  bool supportsExchangeBusSharing() const { return type_ != TargetType::CPU; }
  unsigned getRptCountMax() const { return 4095; }
  double getTileClockFrequency() const { return clock_; }
  std::size_t getTypeSize(const Type &type) const;

  bool operator==(const Target &other) const;
  bool operator!=(const Target &other) const { return !(*this == other); }

private:
  friend struct IPUModel;
  TargetType type_ = TargetType::CPU;
  std::string system_ = "cpu";
  unsigned numIPUs_ = 1;
  unsigned tilesPerIPU_ = 1;
  unsigned bytesPerTile_ = 1U << 30;
  double clock_ = 1.0e9;
};

} // namespace poplar

#endif
