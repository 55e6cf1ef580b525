// What most sources of the simulator include, which the compiler reads once for all of them.
#ifndef AXONC_IPU_COMMON_HPP
#define AXONC_IPU_COMMON_HPP

#include "checks.hpp"
#include "executable.hpp"
#include "machine.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <map>
#include <sstream>

#endif
