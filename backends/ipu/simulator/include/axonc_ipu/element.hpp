// The element types of tensors and fields, shared by host and codelets.
#ifndef AXONC_IPU_ELEMENT_HPP
#define AXONC_IPU_ELEMENT_HPP

#include <axonc_ipu/half.hpp>

namespace axonc_ipu {

enum class Element : unsigned {
  Bool,
  Char,
  SignedChar,
  UnsignedChar,
  Short,
  UnsignedShort,
  Int,
  UnsignedInt,
  Long,
  UnsignedLong,
  LongLong,
  UnsignedLongLong,
  Half,
  Float,
  None,
};

template <class T> struct ElementOf {
  static constexpr Element value = Element::None;
};
template <> struct ElementOf<bool> {
  static constexpr Element value = Element::Bool;
};
template <> struct ElementOf<char> {
  static constexpr Element value = Element::Char;
};
template <> struct ElementOf<signed char> {
  static constexpr Element value = Element::SignedChar;
};
template <> struct ElementOf<unsigned char> {
  static constexpr Element value = Element::UnsignedChar;
};
template <> struct ElementOf<short> {
  static constexpr Element value = Element::Short;
};
template <> struct ElementOf<unsigned short> {
  static constexpr Element value = Element::UnsignedShort;
};
template <> struct ElementOf<int> {
  static constexpr Element value = Element::Int;
};
template <> struct ElementOf<unsigned> {
  static constexpr Element value = Element::UnsignedInt;
};
template <> struct ElementOf<long> {
  static constexpr Element value = Element::Long;
};
template <> struct ElementOf<unsigned long> {
  static constexpr Element value = Element::UnsignedLong;
};
template <> struct ElementOf<long long> {
  static constexpr Element value = Element::LongLong;
};
template <> struct ElementOf<unsigned long long> {
  static constexpr Element value = Element::UnsignedLongLong;
};
template <> struct ElementOf<Half> {
  static constexpr Element value = Element::Half;
};
template <> struct ElementOf<float> {
  static constexpr Element value = Element::Float;
};

} // namespace axonc_ipu

#endif
