// Floats of a file to halves, and all halves to floats: both as files, for the test to compare.
#include <fstream>
#include <iterator>
#include <numeric>
#include <poplar/Graph.hpp>

using namespace poplar;

int main(int count, char **arguments) {
  if (count != 4) {
    return 1;
  }
  const Target target = Target::createCPUTarget();
  std::ifstream in(arguments[1], std::ios::binary);
  const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  std::vector<float> floats(bytes.size() / sizeof(float));
  std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char *>(floats.data()));
  std::vector<std::uint16_t> halves(floats.size());
  copyFloatToDeviceHalf(target, floats.data(), halves.data(), floats.size());
  std::ofstream(arguments[2], std::ios::binary)
      .write(reinterpret_cast<const char *>(halves.data()), static_cast<std::streamsize>(2 * halves.size()));

  std::vector<std::uint16_t> all(1U << 16);
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  std::vector<float> values(all.size());
  copyDeviceHalfToFloat(target, all.data(), values.data(), all.size());
  std::ofstream(arguments[3], std::ios::binary)
      .write(reinterpret_cast<const char *>(values.data()), static_cast<std::streamsize>(4 * values.size()));
}
