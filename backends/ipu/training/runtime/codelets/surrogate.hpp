// What takes the place of an event's derivative, at a distance x from the threshold; as the compiler's ops define it.
#ifndef AXONC_SURROGATE_HPP
#define AXONC_SURROGATE_HPP

#include <cmath>

namespace axonc {

enum Surrogate : unsigned { SUPERSPIKE, FAST_SIGMOID, TRIANGLE, STRAIGHT_THROUGH };

// `steepness`: beta, slope or support; `height`: a triangle's damping; `below`: how far below the threshold it reaches.
inline float surrogateOf(unsigned kind, float x, float steepness, float height, float below) {
  if (!(x > -below)) {
    return 0.0F;
  }
  const float far = steepness * std::fabs(x);
  const float root = far + 1.0F;
  switch (kind) {
  case SUPERSPIKE:
    return 1.0F / (root * root);
  case FAST_SIGMOID:
    return steepness / (2.0F * (root * root));
  case TRIANGLE:
    return height * (far < 1.0F ? 1.0F - far : 0.0F);
  default:
    return 1.0F;
  }
}

} // namespace axonc

#endif
