// Element-wise expressions over tensors: expr::_1 is the first tensor that map() is given, and so on.
#ifndef POPOPS_EXPR_HPP
#define POPOPS_EXPR_HPP

#include <memory>
#include <poplar/Type.hpp>
#include <popops/ExprOp.hpp>
#include <type_traits>
#include <variant>
#include <vector>

namespace popops {
namespace expr {

class Expr;

struct ConstTerm {
  double value;
  poplar::Type type;
};
struct PlaceHolderTerm {
  unsigned index; // from 1
};
struct CastTerm {
  poplar::Type type;
};

struct Term {
  std::variant<ConstTerm, PlaceHolderTerm, CastTerm, UnaryOpType, BinaryOpType, TernaryOpType> what;
  std::vector<std::shared_ptr<const Term>> arguments;
};

class Expr {
public:
  const std::shared_ptr<const Term> &term() const { return term_; }
  std::unique_ptr<Expr> clone() const { return std::make_unique<Expr>(*this); }

protected:
  explicit Expr(Term term) : term_(std::make_shared<const Term>(std::move(term))) {}

private:
  std::shared_ptr<const Term> term_;
};

using Any = Expr;

class Const : public Expr {
public:
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  Const(T value) : Expr({ConstTerm{static_cast<double>(value), typeOf<T>()}, {}}) {}

private:
  template <class T> static poplar::Type typeOf() {
    return std::is_same_v<T, double> ? poplar::FLOAT : poplar::Type(axonc_ipu::ElementOf<T>::value);
  }
};

class ConstHalf : public Expr {
public:
  ConstHalf(float value) : Expr({ConstTerm{static_cast<double>(value), poplar::HALF}, {}}) {}
};

class PlaceHolder : public Expr {
public:
  explicit PlaceHolder(unsigned index) : Expr({PlaceHolderTerm{index}, {}}) {}
};

class Cast : public Expr {
public:
  Cast(const Expr &a, poplar::Type type) : Expr({CastTerm{type}, {a.term()}}) {}
};

class UnaryOp : public Expr {
public:
  UnaryOp(UnaryOpType type, const Expr &a) : Expr({type, {a.term()}}) {}
};

class BinaryOp : public Expr {
public:
  BinaryOp(BinaryOpType type, const Expr &a, const Expr &b) : Expr({type, {a.term(), b.term()}}) {}
};

class TernaryOp : public Expr {
public:
  TernaryOp(TernaryOpType type, const Expr &a, const Expr &b, const Expr &c)
      : Expr({type, {a.term(), b.term(), c.term()}}) {}
};

// Select(a, b, c) is a where c holds, else b; Clamp(a, low, high) is min(max(a, low), high).
class Select : public TernaryOp {
public:
  Select(const Expr &a, const Expr &b, const Expr &c) : TernaryOp(TernaryOpType::SELECT, a, b, c) {}
};
class Clamp : public TernaryOp {
public:
  Clamp(const Expr &a, const Expr &low, const Expr &high) : TernaryOp(TernaryOpType::CLAMP, a, low, high) {}
};

#define AXONC_IPU_UNARY(NAME, TYPE)                                                                                    \
  class NAME : public UnaryOp {                                                                                        \
  public:                                                                                                              \
    explicit NAME(const Expr &a) : UnaryOp(UnaryOpType::TYPE, a) {}                                                    \
  };
#define AXONC_IPU_BINARY(NAME, TYPE)                                                                                   \
  class NAME : public BinaryOp {                                                                                       \
  public:                                                                                                              \
    NAME(const Expr &a, const Expr &b) : BinaryOp(BinaryOpType::TYPE, a, b) {}                                         \
  };

AXONC_IPU_UNARY(Abs, ABSOLUTE)
AXONC_IPU_UNARY(BitwiseNot, BITWISE_NOT)
AXONC_IPU_UNARY(Ceil, CEIL)
AXONC_IPU_UNARY(Cos, COS)
AXONC_IPU_UNARY(Exp, EXPONENT)
AXONC_IPU_UNARY(Expm1, EXPONENT_MINUS_ONE)
AXONC_IPU_UNARY(Floor, FLOOR)
AXONC_IPU_UNARY(Inv, INVERSE)
AXONC_IPU_UNARY(IsFinite, IS_FINITE)
AXONC_IPU_UNARY(IsInf, IS_INF)
AXONC_IPU_UNARY(IsNaN, IS_NAN)
AXONC_IPU_UNARY(Log, LOGARITHM)
AXONC_IPU_UNARY(Log1p, LOGARITHM_ONE_PLUS)
AXONC_IPU_UNARY(Not, LOGICAL_NOT)
AXONC_IPU_UNARY(Neg, NEGATE)
AXONC_IPU_UNARY(Relu, RELU)
AXONC_IPU_UNARY(Round, ROUND)
AXONC_IPU_UNARY(Rsqrt, RSQRT)
AXONC_IPU_UNARY(Sigmoid, SIGMOID)
AXONC_IPU_UNARY(Signum, SIGNUM)
AXONC_IPU_UNARY(Sin, SIN)
AXONC_IPU_UNARY(Sqrt, SQRT)
AXONC_IPU_UNARY(Square, SQUARE)
AXONC_IPU_UNARY(Tan, TAN)
AXONC_IPU_UNARY(Tanh, TANH)
AXONC_IPU_UNARY(Trunc, TRUNC)

AXONC_IPU_BINARY(Add, ADD)
AXONC_IPU_BINARY(Atan2, ATAN2)
AXONC_IPU_BINARY(BitwiseAnd, BITWISE_AND)
AXONC_IPU_BINARY(BitwiseOr, BITWISE_OR)
AXONC_IPU_BINARY(BitwiseXor, BITWISE_XOR)
AXONC_IPU_BINARY(Divide, DIVIDE)
AXONC_IPU_BINARY(Equal, EQUAL)
AXONC_IPU_BINARY(Gt, GREATER_THAN)
AXONC_IPU_BINARY(Gte, GREATER_THAN_EQUAL)
AXONC_IPU_BINARY(Lt, LESS_THAN)
AXONC_IPU_BINARY(Lte, LESS_THAN_EQUAL)
AXONC_IPU_BINARY(And, LOGICAL_AND)
AXONC_IPU_BINARY(Or, LOGICAL_OR)
AXONC_IPU_BINARY(Max, MAXIMUM)
AXONC_IPU_BINARY(Min, MINIMUM)
AXONC_IPU_BINARY(Mul, MULTIPLY)
AXONC_IPU_BINARY(NotEqual, NOT_EQUAL)
AXONC_IPU_BINARY(Pow, POWER)
AXONC_IPU_BINARY(Rem, REMAINDER)
AXONC_IPU_BINARY(Shl, SHIFT_LEFT)
AXONC_IPU_BINARY(Shr, SHIFT_RIGHT)
AXONC_IPU_BINARY(ShrSE, SHIFT_RIGHT_SIGN_EXTEND)
AXONC_IPU_BINARY(Sub, SUBTRACT)

#undef AXONC_IPU_UNARY
#undef AXONC_IPU_BINARY

#define AXONC_IPU_OPERATOR(SYMBOL, NAME)                                                                               \
  inline NAME operator SYMBOL(const Expr &a, const Expr &b) { return {a, b}; }                                         \
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0> NAME operator SYMBOL(const Expr &a, T b) {    \
    return {a, Const(b)};                                                                                              \
  }                                                                                                                    \
  template <class T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0> NAME operator SYMBOL(T a, const Expr &b) {    \
    return {Const(a), b};                                                                                              \
  }

AXONC_IPU_OPERATOR(+, Add)
AXONC_IPU_OPERATOR(-, Sub)
AXONC_IPU_OPERATOR(*, Mul)
AXONC_IPU_OPERATOR(/, Divide)
AXONC_IPU_OPERATOR(%, Rem)
AXONC_IPU_OPERATOR(<, Lt)
AXONC_IPU_OPERATOR(<=, Lte)
AXONC_IPU_OPERATOR(>, Gt)
AXONC_IPU_OPERATOR(>=, Gte)
AXONC_IPU_OPERATOR(==, Equal)
AXONC_IPU_OPERATOR(!=, NotEqual)
AXONC_IPU_OPERATOR(&&, And)
AXONC_IPU_OPERATOR(||, Or)
AXONC_IPU_OPERATOR(&, BitwiseAnd)
AXONC_IPU_OPERATOR(|, BitwiseOr)
AXONC_IPU_OPERATOR(^, BitwiseXor)
AXONC_IPU_OPERATOR(<<, Shl)
AXONC_IPU_OPERATOR(>>, Shr)

#undef AXONC_IPU_OPERATOR

inline Neg operator-(const Expr &a) { return Neg(a); }
inline Not operator!(const Expr &a) { return Not(a); }
inline BitwiseNot operator~(const Expr &a) { return BitwiseNot(a); }

inline const PlaceHolder _1(1);
inline const PlaceHolder _2(2);
inline const PlaceHolder _3(3);
inline const PlaceHolder _4(4);
inline const PlaceHolder _5(5);
inline const PlaceHolder _6(6);
inline const PlaceHolder _7(7);
inline const PlaceHolder _8(8);
inline const PlaceHolder _9(9);
inline const PlaceHolder _10(10);

} // namespace expr
} // namespace popops

#endif
