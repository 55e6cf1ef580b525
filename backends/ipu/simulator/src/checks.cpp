#include "checks.hpp"

#include <algorithm>

namespace axonc_ipu {

std::string Problems::joined() const {
  constexpr std::size_t SHOWN = 20;
  std::ostringstream out;
  for (std::size_t i = 0; i < std::min(SHOWN, messages_.size()); ++i) {
    out << (i == 0 ? "" : "\n") << messages_[i];
  }
  if (messages_.size() > SHOWN) {
    out << "\n... and " << messages_.size() - SHOWN << " more";
  }
  return out.str();
}

} // namespace axonc_ipu
