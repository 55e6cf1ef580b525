// Names of instances of vertex templates: templateVertex("Name", FLOAT, 4, true) is "Name<float,4,true>".
#ifndef POPUTIL_VERTEX_TEMPLATES_HPP
#define POPUTIL_VERTEX_TEMPLATES_HPP

#include <poplar/Type.hpp>
#include <string>
#include <type_traits>

namespace poputil {

namespace detail {

inline std::string argument(const poplar::Type &type) { return type.toString(); }
inline std::string argument(const std::string &text) { return text; }
inline std::string argument(const char *text) { return text; }
inline std::string argument(bool value) { return value ? "true" : "false"; }
template <class T, std::enable_if_t<std::is_integral_v<T> && !std::is_same_v<T, bool>, int> = 0>
std::string argument(T value) {
  return std::to_string(value);
}

} // namespace detail

inline std::string templateVertexParams(bool /*first*/) { return ">"; }

template <class First, class... Rest>
std::string templateVertexParams(bool first, const First &value, const Rest &...rest) {
  return (first ? "<" : ",") + detail::argument(value) + templateVertexParams(false, rest...);
}

template <class... Args> std::string templateVertex(const std::string &name, const Args &...args) {
  return sizeof...(args) == 0 ? name : name + templateVertexParams(true, args...);
}

} // namespace poputil

#endif
