// Element types of tensors.
#ifndef POPLAR_TYPE_HPP
#define POPLAR_TYPE_HPP

#include <axonc_ipu/element.hpp>
#include <cstddef>
#include <ostream>
#include <string>

namespace poplar {

class Type {
public:
  constexpr Type() = default;
  constexpr explicit Type(axonc_ipu::Element element) : element_(element) {}
  constexpr axonc_ipu::Element element() const { return element_; }
  std::string toString() const;
  constexpr bool operator==(Type other) const { return element_ == other.element_; }
  constexpr bool operator!=(Type other) const { return element_ != other.element_; }
  constexpr bool operator<(Type other) const { return element_ < other.element_; }

private:
  axonc_ipu::Element element_ = axonc_ipu::Element::None;
};

std::ostream &operator<<(std::ostream &out, const Type &type);

inline constexpr Type BOOL{axonc_ipu::Element::Bool};
inline constexpr Type CHAR{axonc_ipu::Element::Char};
inline constexpr Type SIGNED_CHAR{axonc_ipu::Element::SignedChar};
inline constexpr Type UNSIGNED_CHAR{axonc_ipu::Element::UnsignedChar};
inline constexpr Type SHORT{axonc_ipu::Element::Short};
inline constexpr Type UNSIGNED_SHORT{axonc_ipu::Element::UnsignedShort};
inline constexpr Type INT{axonc_ipu::Element::Int};
inline constexpr Type UNSIGNED_INT{axonc_ipu::Element::UnsignedInt};
inline constexpr Type LONG{axonc_ipu::Element::Long};
inline constexpr Type UNSIGNED_LONG{axonc_ipu::Element::UnsignedLong};
inline constexpr Type LONGLONG{axonc_ipu::Element::LongLong};
inline constexpr Type UNSIGNED_LONGLONG{axonc_ipu::Element::UnsignedLongLong};
inline constexpr Type HALF{axonc_ipu::Element::Half};
inline constexpr Type FLOAT{axonc_ipu::Element::Float};

// The type on a device of a C++ type of the host: `equivalent_device_type<float>().value`.
template <class T> struct equivalent_device_type {
  const Type value{axonc_ipu::ElementOf<T>::value};
};

} // namespace poplar

#endif
