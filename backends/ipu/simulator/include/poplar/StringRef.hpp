#ifndef POPLAR_STRING_REF_HPP
#define POPLAR_STRING_REF_HPP

#include <string>
#include <string_view>

namespace poplar {

class StringRef : public std::string_view {
public:
  StringRef() = default;
  StringRef(const char *text) : std::string_view(text) {}
  StringRef(const std::string &text) : std::string_view(text) {}
  StringRef(std::string_view text) : std::string_view(text) {}
  operator std::string() const { return std::string(*this); }
  std::string str() const { return std::string(*this); }
};

} // namespace poplar

#endif
