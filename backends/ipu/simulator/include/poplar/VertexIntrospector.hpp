#ifndef POPLAR_VERTEX_INTROSPECTOR_HPP
#define POPLAR_VERTEX_INTROSPECTOR_HPP
#include <poplar/PerfEstimateFunc.hpp>
#endif
