// Elements in memory: their sizes, conversions, and the pattern that marks undefined ones.
#ifndef AXONC_IPU_TYPES_HPP
#define AXONC_IPU_TYPES_HPP

#include <cstdint>
#include <poplar/Type.hpp>

namespace axonc_ipu {

using Byte = unsigned char;

// On a tile; a long of a codelet takes as much as on the host that runs it.
std::size_t elementBytes(poplar::Type type);
bool isFloating(poplar::Type type);

// One element, exactly for integers; floats are rounded to the nearest, ties to even.
long double loadElement(poplar::Type type, const void *from);
void storeElement(poplar::Type type, void *to, long double value);

// Undefined data: a NaN with a payload of its own, or an integer unlikely to occur. Elements of 8 and 16 bits that
// are not half have no pattern: once a vertex may have written them they count as defined.
void poison(poplar::Type type, void *to, std::size_t count);
bool isPoison(poplar::Type type, const void *at);

} // namespace axonc_ipu

#endif
