// The name under which reports and messages show a thing.
#ifndef POPLAR_DEBUG_CONTEXT_HPP
#define POPLAR_DEBUG_CONTEXT_HPP

#include <poplar/StringRef.hpp>

namespace poplar {

class DebugNameAndId {
public:
  DebugNameAndId(std::string name = "") : name_(std::move(name)) {}
  DebugNameAndId(const char *name) : name_(name) {}
  std::string getPathName() const { return name_; }

private:
  std::string name_;
};

class DebugContext {
public:
  DebugContext(std::string name = "") : name_(std::move(name)) {}
  DebugContext(const char *name) : name_(name) {}
  DebugContext(StringRef name) : name_(name.str()) {}
  DebugContext(const DebugNameAndId &parent, StringRef name = "")
      : DebugContext(DebugContext(parent.getPathName()), name) {}
  DebugContext(const DebugContext &parent, StringRef name) : name_(parent.name_) {
    if (!name_.empty() && !name.empty()) {
      name_ += '/';
    }
    name_ += name;
  }
  const std::string &getPathName() const { return name_; }

private:
  std::string name_;
};

} // namespace poplar

#endif
