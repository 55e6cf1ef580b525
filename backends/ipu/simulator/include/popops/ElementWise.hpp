// Element-wise operations. Shapes are broadcast as in numpy.
#ifndef POPOPS_ELEMENT_WISE_HPP
#define POPOPS_ELEMENT_WISE_HPP

#include <poplar/Graph.hpp>
#include <popops/Expr.hpp>

namespace popops {

poplar::Tensor map(poplar::Graph &graph, const expr::Expr &expr, const std::vector<poplar::Tensor> &tensors,
                   poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                   const poplar::OptionFlags &options = {});
void mapInPlace(poplar::Graph &graph, const expr::Expr &expr, const std::vector<poplar::Tensor> &tensors,
                poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                const poplar::OptionFlags &options = {});
void mapWithOutput(poplar::Graph &graph, const expr::Expr &expr, const std::vector<poplar::Tensor> &tensors,
                   const poplar::Tensor &output, poplar::program::Sequence &program,
                   const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {});

inline poplar::Tensor map(poplar::Graph &graph, expr::UnaryOpType op, const poplar::Tensor &a,
                          poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                          const poplar::OptionFlags &options = {}) {
  return map(graph, expr::UnaryOp(op, expr::_1), {a}, program, debugContext, options);
}
inline poplar::Tensor map(poplar::Graph &graph, expr::BinaryOpType op, const poplar::Tensor &a, const poplar::Tensor &b,
                          poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},
                          const poplar::OptionFlags &options = {}) {
  return map(graph, expr::BinaryOp(op, expr::_1, expr::_2), {a, b}, program, debugContext, options);
}

// select(a, b, c) is a where c holds, else b; clamp(a, low, high) is min(max(a, low), high).
inline poplar::Tensor select(poplar::Graph &graph, const poplar::Tensor &a, const poplar::Tensor &b,
                             const poplar::Tensor &condition, poplar::program::Sequence &program,
                             const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {}) {
  return map(graph, expr::Select(expr::_1, expr::_2, expr::_3), {a, b, condition}, program, debugContext, options);
}
inline void selectInPlace(poplar::Graph &graph, const poplar::Tensor &a, const poplar::Tensor &b,
                          const poplar::Tensor &condition, poplar::program::Sequence &program,
                          const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {}) {
  mapInPlace(graph, expr::Select(expr::_1, expr::_2, expr::_3), {a, b, condition}, program, debugContext, options);
}
inline poplar::Tensor clamp(poplar::Graph &graph, const poplar::Tensor &a, const poplar::Tensor &low,
                            const poplar::Tensor &high, poplar::program::Sequence &program,
                            const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {}) {
  return map(graph, expr::Clamp(expr::_1, expr::_2, expr::_3), {a, low, high}, program, debugContext, options);
}

#define AXONC_IPU_UNARY(NAME, EXPRESSION)                                                                              \
  inline poplar::Tensor NAME(poplar::Graph &graph, const poplar::Tensor &a, poplar::program::Sequence &program,        \
                             const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {}) { \
    return map(graph, expr::EXPRESSION(expr::_1), {a}, program, debugContext, options);                                \
  }                                                                                                                    \
  inline void NAME##InPlace(poplar::Graph &graph, const poplar::Tensor &a, poplar::program::Sequence &program,         \
                            const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {}) {  \
    mapInPlace(graph, expr::EXPRESSION(expr::_1), {a}, program, debugContext, options);                                \
  }                                                                                                                    \
  inline void NAME##WithOutput(poplar::Graph &graph, const poplar::Tensor &a, const poplar::Tensor &output,            \
                               poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},      \
                               const poplar::OptionFlags &options = {}) {                                              \
    mapWithOutput(graph, expr::EXPRESSION(expr::_1), {a}, output, program, debugContext, options);                     \
  }

#define AXONC_IPU_BINARY(NAME, EXPRESSION)                                                                             \
  inline poplar::Tensor NAME(poplar::Graph &graph, const poplar::Tensor &a, const poplar::Tensor &b,                   \
                             poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},        \
                             const poplar::OptionFlags &options = {}) {                                                \
    return map(graph, expr::EXPRESSION(expr::_1, expr::_2), {a, b}, program, debugContext, options);                   \
  }                                                                                                                    \
  inline void NAME##InPlace(poplar::Graph &graph, const poplar::Tensor &a, const poplar::Tensor &b,                    \
                            poplar::program::Sequence &program, const poplar::DebugContext &debugContext = {},         \
                            const poplar::OptionFlags &options = {}) {                                                 \
    mapInPlace(graph, expr::EXPRESSION(expr::_1, expr::_2), {a, b}, program, debugContext, options);                   \
  }                                                                                                                    \
  inline void NAME##WithOutput(poplar::Graph &graph, const poplar::Tensor &a, const poplar::Tensor &b,                 \
                               const poplar::Tensor &output, poplar::program::Sequence &program,                       \
                               const poplar::DebugContext &debugContext = {},                                          \
                               const poplar::OptionFlags &options = {}) {                                              \
    mapWithOutput(graph, expr::EXPRESSION(expr::_1, expr::_2), {a, b}, output, program, debugContext, options);        \
  }                                                                                                                    \
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>                                               \
  poplar::Tensor NAME(poplar::Graph &graph, const poplar::Tensor &a, T b, poplar::program::Sequence &program,          \
                      const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {}) {        \
    return map(graph, expr::EXPRESSION(expr::_1, expr::Const(b)), {a}, program, debugContext, options);                \
  }                                                                                                                    \
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>                                               \
  void NAME##InPlace(poplar::Graph &graph, const poplar::Tensor &a, T b, poplar::program::Sequence &program,           \
                     const poplar::DebugContext &debugContext = {}, const poplar::OptionFlags &options = {}) {         \
    mapInPlace(graph, expr::EXPRESSION(expr::_1, expr::Const(b)), {a}, program, debugContext, options);                \
  }

AXONC_IPU_UNARY(abs, Abs)
AXONC_IPU_UNARY(bitwiseNot, BitwiseNot)
AXONC_IPU_UNARY(ceil, Ceil)
AXONC_IPU_UNARY(cos, Cos)
AXONC_IPU_UNARY(exp, Exp)
AXONC_IPU_UNARY(expm1, Expm1)
AXONC_IPU_UNARY(floor, Floor)
AXONC_IPU_UNARY(inv, Inv)
AXONC_IPU_UNARY(isFinite, IsFinite)
AXONC_IPU_UNARY(isInf, IsInf)
AXONC_IPU_UNARY(isNaN, IsNaN)
AXONC_IPU_UNARY(log, Log)
AXONC_IPU_UNARY(log1p, Log1p)
AXONC_IPU_UNARY(logicalNot, Not)
AXONC_IPU_UNARY(neg, Neg)
AXONC_IPU_UNARY(relu, Relu)
AXONC_IPU_UNARY(round, Round)
AXONC_IPU_UNARY(rsqrt, Rsqrt)
AXONC_IPU_UNARY(sigmoid, Sigmoid)
AXONC_IPU_UNARY(signum, Signum)
AXONC_IPU_UNARY(sin, Sin)
AXONC_IPU_UNARY(sqrt, Sqrt)
AXONC_IPU_UNARY(square, Square)
AXONC_IPU_UNARY(tan, Tan)
AXONC_IPU_UNARY(tanh, Tanh)
AXONC_IPU_UNARY(trunc, Trunc)

AXONC_IPU_BINARY(add, Add)
AXONC_IPU_BINARY(atan2, Atan2)
AXONC_IPU_BINARY(bitwiseAnd, BitwiseAnd)
AXONC_IPU_BINARY(bitwiseOr, BitwiseOr)
AXONC_IPU_BINARY(bitwiseXor, BitwiseXor)
AXONC_IPU_BINARY(div, Divide)
AXONC_IPU_BINARY(eq, Equal)
AXONC_IPU_BINARY(gt, Gt)
AXONC_IPU_BINARY(gteq, Gte)
AXONC_IPU_BINARY(lt, Lt)
AXONC_IPU_BINARY(lteq, Lte)
AXONC_IPU_BINARY(logicalAnd, And)
AXONC_IPU_BINARY(logicalOr, Or)
AXONC_IPU_BINARY(max, Max)
AXONC_IPU_BINARY(min, Min)
AXONC_IPU_BINARY(mul, Mul)
AXONC_IPU_BINARY(neq, NotEqual)
AXONC_IPU_BINARY(pow, Pow)
AXONC_IPU_BINARY(rem, Rem)
AXONC_IPU_BINARY(shiftLeft, Shl)
AXONC_IPU_BINARY(shiftRight, Shr)
AXONC_IPU_BINARY(shiftRightSignExtend, ShrSE)
AXONC_IPU_BINARY(sub, Sub)

#undef AXONC_IPU_UNARY
#undef AXONC_IPU_BINARY

} // namespace popops

#endif
