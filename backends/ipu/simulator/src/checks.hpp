// Errors: a message made of parts, and lists of messages that are told at once.
#ifndef AXONC_IPU_CHECKS_HPP
#define AXONC_IPU_CHECKS_HPP

#include <poplar/exceptions.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace axonc_ipu {

template <class... Parts> std::string text(const Parts &...parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

template <class Error, class... Parts> void require(bool holds, const Parts &...parts) {
  if (!holds) {
    throw Error(text(parts...));
  }
}

// Collects what is wrong; `raise` throws it as one error, the first ones in full.
class Problems {
public:
  template <class... Parts> void add(const Parts &...parts) { messages_.push_back(text(parts...)); }
  bool empty() const { return messages_.empty(); }
  template <class Error> void raise() const {
    if (!messages_.empty()) {
      throw Error(joined());
    }
  }

private:
  std::string joined() const;
  std::vector<std::string> messages_;
};

} // namespace axonc_ipu

#endif
