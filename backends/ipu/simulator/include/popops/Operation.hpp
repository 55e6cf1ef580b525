#ifndef POPOPS_OPERATION_HPP
#define POPOPS_OPERATION_HPP

namespace popops {

enum class Operation { ADD, MUL, MIN, MAX, LOGICAL_AND, LOGICAL_OR, SQUARE_ADD };

} // namespace popops

#endif
