// Arithmetic of gated units: arguments of gates in Q3.12, gates in Q0.15, cells with `frac` fractional bits in 16 bits.
#ifndef AXONC_GATED_HPP
#define AXONC_GATED_HPP

#include <cstdint>

#include "arithmetic.h"

namespace axonc {

constexpr int GATE_LIMIT = 32767;
constexpr int UNIT = 1 << 15; // 1 in Q0.15

inline int gateClip(std::int64_t value) { return static_cast<int>(axonc_saturate(value, GATE_LIMIT)); }

// The argument of a gate: its sum requantised, and its bias. `scale`: multiplier, shift and bias.
inline int argumentOf(int sum, const int *scale) {
  return gateClip(axonc_requantize(sum, scale[0], static_cast<unsigned>(scale[1])) + scale[2]);
}

// factor * x / 2^15, rounded half up.
inline int scaled(int factor, int x) {
  return static_cast<int>(axonc_shift_right(std::int64_t{factor} * x + UNIT / 2, 15));
}

// The mean of x, with `frac` fractional bits, and g in Q0.15, with the weights p and q in Q0.15; rounded half up once.
inline int mixed(int p, int x, int q, int g, unsigned frac) {
  const std::int64_t kept = std::int64_t{p} * x * (std::int64_t{1} << (15 - frac));
  return static_cast<int>(axonc_shift_right(kept + std::int64_t{q} * g + (std::int64_t{1} << (29 - frac)), 30 - frac));
}

} // namespace axonc

#endif
