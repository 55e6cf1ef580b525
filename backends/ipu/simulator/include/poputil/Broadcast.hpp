#ifndef POPUTIL_BROADCAST_HPP
#define POPUTIL_BROADCAST_HPP
#include <poputil/Util.hpp>
#endif
