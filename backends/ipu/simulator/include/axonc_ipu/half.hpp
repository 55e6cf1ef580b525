// IEEE 754 binary16: storage of 16 bits, arithmetic in float, every result rounded to nearest, ties to even.
#ifndef AXONC_IPU_HALF_HPP
#define AXONC_IPU_HALF_HPP

#include <cstdint>
#include <cstring>
#include <type_traits>

namespace axonc_ipu {

// The bits of the half that is nearest to a double; of two equally near ones, the even one.
inline std::uint16_t halfBits(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  const auto sign = static_cast<std::uint16_t>((bits >> 48) & 0x8000U);
  const auto exponent = static_cast<int>((bits >> 52) & 0x7FFU) - 1023;
  const std::uint64_t mantissa = bits & 0xFFFFFFFFFFFFFULL;
  if (exponent == 1024) {
    const std::uint64_t payload = mantissa == 0 ? 0 : 0x200U | (mantissa >> 42);
    return static_cast<std::uint16_t>(sign | 0x7C00U | payload);
  }
  if (exponent < -25) {
    return sign;
  }
  // The significand with its hidden bit; `dropped` of its bits lie below the last place of the half.
  const std::uint64_t significand = mantissa | 0x10000000000000ULL;
  const int dropped = exponent < -14 ? 42 + (-14 - exponent) : 42;
  const std::uint64_t kept = significand >> dropped;
  const std::uint64_t rest = significand & ((1ULL << dropped) - 1);
  const std::uint64_t tie = 1ULL << (dropped - 1);
  const std::uint64_t up = rest > tie || (rest == tie && (kept & 1U) != 0) ? 1 : 0;
  // A carry out of the mantissa moves into the exponent by itself, up to infinity.
  const std::uint64_t base = exponent < -14 ? 0 : static_cast<std::uint64_t>(exponent + 14) << 10;
  const std::uint64_t magnitude = exponent > 15 ? 0x7C00U : base + kept + up;
  return static_cast<std::uint16_t>(sign | (magnitude > 0x7C00U ? 0x7C00U : magnitude));
}

// The float that equals a half; every half is one.
inline float halfValue(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000U) << 16;
  const std::uint32_t exponent = (half >> 10) & 0x1FU;
  const std::uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 5.9604644775390625e-8F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 0xFFU : exponent + 112;
  const std::uint32_t bits = sign | (wide << 23) | (mantissa << 13);
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

class Half {
public:
  Half() = default;
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  Half(T value) : bits_(halfBits(static_cast<double>(value))) {}
  operator float() const { return halfValue(bits_); }

  static Half fromBits(std::uint16_t bits) {
    Half half;
    half.bits_ = bits;
    return half;
  }
  std::uint16_t bits() const { return bits_; }

  template <class T> Half &operator+=(T other) {
    return *this = Half(static_cast<float>(*this) + static_cast<float>(other));
  }
  template <class T> Half &operator-=(T other) {
    return *this = Half(static_cast<float>(*this) - static_cast<float>(other));
  }
  template <class T> Half &operator*=(T other) {
    return *this = Half(static_cast<float>(*this) * static_cast<float>(other));
  }
  template <class T> Half &operator/=(T other) {
    return *this = Half(static_cast<float>(*this) / static_cast<float>(other));
  }

private:
  std::uint16_t bits_;
};

// Half with half gives half: a sum, product or quotient in float has enough bits that rounding twice changes nothing.
// Anything else becomes float by the conversion above.
template <class T> using IfHalf = std::enable_if_t<std::is_same_v<T, Half>, Half>;
template <class T> IfHalf<T> operator+(T a, T b) { return Half(static_cast<float>(a) + static_cast<float>(b)); }
template <class T> IfHalf<T> operator-(T a, T b) { return Half(static_cast<float>(a) - static_cast<float>(b)); }
template <class T> IfHalf<T> operator*(T a, T b) { return Half(static_cast<float>(a) * static_cast<float>(b)); }
template <class T> IfHalf<T> operator/(T a, T b) { return Half(static_cast<float>(a) / static_cast<float>(b)); }
template <class T> IfHalf<T> operator-(T a) { return Half::fromBits(static_cast<std::uint16_t>(a.bits() ^ 0x8000U)); }

} // namespace axonc_ipu

#endif
