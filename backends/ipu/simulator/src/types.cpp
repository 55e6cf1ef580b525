#include "types.hpp"

#include <array>
#include <cstring>

namespace axonc_ipu {

namespace {

struct TypeInfo {
  const char *name;
  std::size_t bytes;
};

// In the order of Element.
constexpr std::array<TypeInfo, 15> TYPES{{{"bool", 1},
                                          {"char", 1},
                                          {"signed char", 1},
                                          {"unsigned char", 1},
                                          {"short", 2},
                                          {"unsigned short", 2},
                                          {"int", 4},
                                          {"unsigned int", 4},
                                          {"long", sizeof(long)},
                                          {"unsigned long", sizeof(long)},
                                          {"long long", 8},
                                          {"unsigned long long", 8},
                                          {"half", 2},
                                          {"float", 4},
                                          {"none", 0}}};

constexpr std::uint32_t POISON_FLOAT = 0x7FC0A5A5U;
constexpr std::uint16_t POISON_HALF = 0x7EA5U;
constexpr Byte POISON_BYTE = 0xA5U;

template <class T> long double loadAs(const void *from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<long double>(value);
}

template <class T> void storeAs(void *to, long double value) {
  const T converted = value < 0 ? static_cast<T>(static_cast<long long>(value))
                                : static_cast<T>(static_cast<unsigned long long>(value));
  std::memcpy(to, &converted, sizeof converted);
}

template <class T> void storeFloat(void *to, long double value) {
  const T converted = static_cast<T>(static_cast<double>(value));
  std::memcpy(to, &converted, sizeof converted);
}

} // namespace

std::size_t elementBytes(poplar::Type type) { return TYPES.at(static_cast<std::size_t>(type.element())).bytes; }

bool isFloating(poplar::Type type) { return type == poplar::FLOAT || type == poplar::HALF; }

long double loadElement(poplar::Type type, const void *from) {
  switch (type.element()) {
  case Element::Bool:
    return *static_cast<const Byte *>(from) != 0 ? 1 : 0;
  case Element::Char:
    return loadAs<char>(from);
  case Element::SignedChar:
    return loadAs<signed char>(from);
  case Element::UnsignedChar:
    return loadAs<unsigned char>(from);
  case Element::Short:
    return loadAs<short>(from);
  case Element::UnsignedShort:
    return loadAs<unsigned short>(from);
  case Element::Int:
    return loadAs<int>(from);
  case Element::UnsignedInt:
    return loadAs<unsigned>(from);
  case Element::Long:
    return loadAs<long>(from);
  case Element::UnsignedLong:
    return loadAs<unsigned long>(from);
  case Element::LongLong:
    return loadAs<long long>(from);
  case Element::UnsignedLongLong:
    return loadAs<unsigned long long>(from);
  case Element::Half:
    return static_cast<long double>(
        static_cast<float>(Half::fromBits(static_cast<std::uint16_t>(loadAs<std::uint16_t>(from)))));
  case Element::Float:
    return loadAs<float>(from);
  case Element::None:
    return loadAs<double>(from);
  }
  return 0;
}

void storeElement(poplar::Type type, void *to, long double value) {
  switch (type.element()) {
  case Element::Bool:
    *static_cast<Byte *>(to) = value != 0 ? 1 : 0;
    return;
  case Element::Char:
  case Element::SignedChar:
  case Element::UnsignedChar:
    storeAs<signed char>(to, value);
    return;
  case Element::Short:
  case Element::UnsignedShort:
    storeAs<short>(to, value);
    return;
  case Element::Int:
  case Element::UnsignedInt:
    storeAs<unsigned>(to, value);
    return;
  case Element::Long:
  case Element::UnsignedLong:
    storeAs<unsigned long>(to, value);
    return;
  case Element::LongLong:
  case Element::UnsignedLongLong:
    storeAs<unsigned long long>(to, value);
    return;
  case Element::Half:
    storeFloat<Half>(to, value);
    return;
  case Element::Float:
    storeFloat<float>(to, value);
    return;
  case Element::None:
    storeFloat<double>(to, value);
    return;
  }
}

void poison(poplar::Type type, void *to, std::size_t count) {
  auto *bytes = static_cast<Byte *>(to);
  if (!isFloating(type)) {
    std::memset(to, POISON_BYTE, count * elementBytes(type));
    return;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (type == poplar::FLOAT) {
      std::memcpy(bytes + 4 * i, &POISON_FLOAT, 4);
    } else {
      std::memcpy(bytes + 2 * i, &POISON_HALF, 2);
    }
  }
}

bool isPoison(poplar::Type type, const void *at) {
  if (isFloating(type)) {
    return type == poplar::FLOAT ? std::memcmp(at, &POISON_FLOAT, 4) == 0 : std::memcmp(at, &POISON_HALF, 2) == 0;
  }
  const auto *bytes = static_cast<const Byte *>(at);
  bool all = elementBytes(type) >= 4;
  for (std::size_t i = 0; all && i < elementBytes(type); ++i) {
    all = bytes[i] == POISON_BYTE;
  }
  return all;
}

} // namespace axonc_ipu

namespace poplar {

std::string Type::toString() const { return axonc_ipu::TYPES.at(static_cast<std::size_t>(element_)).name; }
std::ostream &operator<<(std::ostream &out, const Type &type) { return out << type.toString(); }

} // namespace poplar
