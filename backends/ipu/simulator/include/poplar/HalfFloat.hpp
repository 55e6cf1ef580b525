#ifndef POPLAR_HALF_FLOAT_HPP
#define POPLAR_HALF_FLOAT_HPP
#include <poplar/Vertex.hpp>
#endif
