#ifndef POPUTIL_EXCEPTIONS_HPP
#define POPUTIL_EXCEPTIONS_HPP

#include <stdexcept>

namespace poputil {

struct poplibs_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};
using poplar_error = poplibs_error;

} // namespace poputil

#endif
