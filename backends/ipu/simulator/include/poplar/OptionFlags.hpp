#ifndef POPLAR_OPTION_FLAGS_HPP
#define POPLAR_OPTION_FLAGS_HPP

#include <initializer_list>
#include <map>
#include <string>
#include <utility>

namespace poplar {

class OptionFlags {
public:
  using OptionFlag = std::pair<const std::string, std::string>;
  OptionFlags() = default;
  OptionFlags(std::initializer_list<OptionFlag> flags) : flags_(flags) {}
  void set(const std::string &name, const std::string &value) { flags_[name] = value; }
  void set(std::initializer_list<OptionFlag> flags) {
    for (const auto &[name, value] : flags) {
      flags_[name] = value;
    }
  }
  const std::string &at(const std::string &name) const { return flags_.at(name); }
  void clear() { flags_.clear(); }
  auto begin() const { return flags_.begin(); }
  auto end() const { return flags_.end(); }

private:
  std::map<std::string, std::string> flags_;
};

} // namespace poplar

#endif
