#include "expressions.hpp"

#include "checks.hpp"

#include <cmath>
#include <limits>

namespace axonc_ipu {

using popops::expr::BinaryOpType;
using popops::expr::CastTerm;
using popops::expr::ConstTerm;
using popops::expr::PlaceHolderTerm;
using popops::expr::Term;
using popops::expr::TernaryOpType;
using popops::expr::UnaryOpType;

namespace {

double unary(UnaryOpType op, double a) {
  switch (op) {
  case UnaryOpType::ABSOLUTE:
    return std::fabs(a);
  case UnaryOpType::CEIL:
    return std::ceil(a);
  case UnaryOpType::COS:
    return std::cos(a);
  case UnaryOpType::EXPONENT:
    return std::exp(a);
  case UnaryOpType::EXPONENT_MINUS_ONE:
    return std::expm1(a);
  case UnaryOpType::FLOOR:
    return std::floor(a);
  case UnaryOpType::INVERSE:
    return 1 / a;
  case UnaryOpType::IS_FINITE:
    return std::isfinite(a) ? 1 : 0;
  case UnaryOpType::IS_INF:
    return std::isinf(a) ? 1 : 0;
  case UnaryOpType::IS_NAN:
    return std::isnan(a) ? 1 : 0;
  case UnaryOpType::LOGARITHM:
    return std::log(a);
  case UnaryOpType::LOGARITHM_ONE_PLUS:
    return std::log1p(a);
  case UnaryOpType::LOGICAL_NOT:
    return a == 0 ? 1 : 0;
  case UnaryOpType::NEGATE:
    return -a;
  case UnaryOpType::RELU:
    return a > 0 ? a : 0;
  case UnaryOpType::ROUND:
    return std::nearbyint(a);
  case UnaryOpType::RSQRT:
    return 1 / std::sqrt(a);
  case UnaryOpType::SIGMOID:
    return 1 / (1 + std::exp(-a));
  case UnaryOpType::SIGNUM:
    return a > 0 ? 1 : a < 0 ? -1 : 0;
  case UnaryOpType::SIN:
    return std::sin(a);
  case UnaryOpType::SQRT:
    return std::sqrt(a);
  case UnaryOpType::SQUARE:
    return a * a;
  case UnaryOpType::TAN:
    return std::tan(a);
  case UnaryOpType::TANH:
    return std::tanh(a);
  case UnaryOpType::TRUNC:
    return std::trunc(a);
  case UnaryOpType::BITWISE_NOT:
    break;
  }
  throw poplar::type_error("a bitwise operation on floating elements");
}

// Unsigned arithmetic wraps, as the hardware does; the bits of a signed result are the same.
std::int64_t wrapped(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::int64_t unary(UnaryOpType op, std::int64_t a) {
  switch (op) {
  case UnaryOpType::ABSOLUTE:
    return a < 0 ? wrapped(0 - static_cast<std::uint64_t>(a)) : a;
  case UnaryOpType::BITWISE_NOT:
    return ~a;
  case UnaryOpType::LOGICAL_NOT:
    return a == 0 ? 1 : 0;
  case UnaryOpType::NEGATE:
    return wrapped(0 - static_cast<std::uint64_t>(a));
  case UnaryOpType::RELU:
    return a > 0 ? a : 0;
  case UnaryOpType::SIGNUM:
    return a > 0 ? 1 : a < 0 ? -1 : 0;
  case UnaryOpType::SQUARE:
    return wrapped(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(a));
  case UnaryOpType::IS_FINITE:
    return 1;
  case UnaryOpType::IS_INF:
  case UnaryOpType::IS_NAN:
    return 0;
  case UnaryOpType::CEIL:
  case UnaryOpType::FLOOR:
  case UnaryOpType::ROUND:
  case UnaryOpType::TRUNC:
    return a;
  default:
    return static_cast<std::int64_t>(unary(op, static_cast<double>(a)));
  }
}

template <class T> bool compare(BinaryOpType op, T a, T b, bool &result) {
  switch (op) {
  case BinaryOpType::EQUAL:
    result = a == b;
    return true;
  case BinaryOpType::NOT_EQUAL:
    result = a != b;
    return true;
  case BinaryOpType::LESS_THAN:
    result = a < b;
    return true;
  case BinaryOpType::LESS_THAN_EQUAL:
    result = a <= b;
    return true;
  case BinaryOpType::GREATER_THAN:
    result = a > b;
    return true;
  case BinaryOpType::GREATER_THAN_EQUAL:
    result = a >= b;
    return true;
  case BinaryOpType::LOGICAL_AND:
    result = a != 0 && b != 0;
    return true;
  case BinaryOpType::LOGICAL_OR:
    result = a != 0 || b != 0;
    return true;
  default:
    return false;
  }
}

bool isComparison(BinaryOpType op) {
  bool ignored = false;
  return compare(op, 0, 0, ignored);
}

double binary(BinaryOpType op, double a, double b) {
  bool holds = false;
  if (compare(op, a, b, holds)) {
    return holds ? 1 : 0;
  }
  switch (op) {
  case BinaryOpType::ADD:
    return a + b;
  case BinaryOpType::SUBTRACT:
    return a - b;
  case BinaryOpType::MULTIPLY:
    return a * b;
  case BinaryOpType::DIVIDE:
    return a / b;
  case BinaryOpType::MAXIMUM:
    return a > b ? a : b;
  case BinaryOpType::MINIMUM:
    return a < b ? a : b;
  case BinaryOpType::POWER:
    return std::pow(a, b);
  case BinaryOpType::REMAINDER:
    return std::fmod(a, b);
  case BinaryOpType::ATAN2:
    return std::atan2(a, b);
  default:
    throw poplar::type_error("a bitwise operation on floating elements");
  }
}

std::int64_t binary(BinaryOpType op, std::int64_t a, std::int64_t b, std::size_t bits) {
  bool holds = false;
  if (compare(op, a, b, holds)) {
    return holds ? 1 : 0;
  }
  const auto x = static_cast<std::uint64_t>(a);
  const auto y = static_cast<std::uint64_t>(b);
  const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
  switch (op) {
  case BinaryOpType::ADD:
    return wrapped(x + y);
  case BinaryOpType::SUBTRACT:
    return wrapped(x - y);
  case BinaryOpType::MULTIPLY:
    return wrapped(x * y);
  case BinaryOpType::DIVIDE:
    return b == 0 ? 0 : b == -1 ? wrapped(0 - x) : a / b;
  case BinaryOpType::REMAINDER:
    return b == 0 || b == -1 ? 0 : a % b;
  case BinaryOpType::MAXIMUM:
    return a > b ? a : b;
  case BinaryOpType::MINIMUM:
    return a < b ? a : b;
  case BinaryOpType::POWER:
    return static_cast<std::int64_t>(std::pow(static_cast<double>(a), static_cast<double>(b)));
  case BinaryOpType::BITWISE_AND:
    return a & b;
  case BinaryOpType::BITWISE_OR:
    return a | b;
  case BinaryOpType::BITWISE_XOR:
    return a ^ b;
  case BinaryOpType::SHIFT_LEFT:
    return y >= bits ? 0 : wrapped(x << y);
  case BinaryOpType::SHIFT_RIGHT:
    return y >= bits ? 0 : wrapped((x & mask) >> y);
  case BinaryOpType::SHIFT_RIGHT_SIGN_EXTEND:
    return a >> (y >= bits ? bits - 1 : y);
  default:
    throw poplar::type_error("atan2 of integers");
  }
}

bool isConstant(const Term &term) { return std::holds_alternative<ConstTerm>(term.what); }

poplar::Type commonType(const Term &first, const Term &second, const std::vector<poplar::Type> &types) {
  const poplar::Type a = typeOf(first, types);
  const poplar::Type b = typeOf(second, types);
  if (isConstant(first)) {
    return isConstant(second) && isFloating(a) ? a : b;
  }
  require<poplar::type_error>(a == b || isConstant(second), "an expression combines elements of types ", a, " and ", b);
  return a;
}

// Wraps integers into their type.
std::int64_t fitted(poplar::Type type, std::int64_t value) {
  Byte bytes[8];
  storeElement(type, bytes, static_cast<long double>(value));
  return static_cast<std::int64_t>(loadElement(type, bytes));
}

class Evaluator {
public:
  Evaluator(const std::vector<poplar::Type> &types, const std::vector<Span> &rows, std::size_t count)
      : types_(types), rows_(rows), count_(count) {}

  Values operator()(const Term &term) const {
    return std::visit([&](const auto &what) { return value(what, term.arguments); }, term.what);
  }

private:
  using Arguments = std::vector<std::shared_ptr<const Term>>;

  Values column(poplar::Type type) const {
    Values made{type, {}, {}};
    isFloating(type) ? made.reals.resize(count_) : made.integers.resize(count_);
    return made;
  }

  Values value(const ConstTerm &term, const Arguments & /*none*/) const {
    Values made = column(term.type);
    std::fill(made.reals.begin(), made.reals.end(), rounded(term.type, term.value));
    std::fill(made.integers.begin(), made.integers.end(), static_cast<std::int64_t>(term.value));
    return made;
  }

  Values value(const PlaceHolderTerm &term, const Arguments & /*none*/) const {
    const Span row = rows_.at(term.index - 1);
    const poplar::Type type = types_.at(term.index - 1);
    const std::size_t step = row.size == 1 && count_ > 1 ? 0 : elementBytes(type);
    Values made = column(type);
    for (std::size_t i = 0; i < count_; ++i) {
      const void *from = row.as<Byte>() + i * step;
      if (type == poplar::FLOAT) {
        made.reals[i] = static_cast<double>(static_cast<const float *>(row.data)[step == 0 ? 0 : i]);
      } else if (isFloating(type)) {
        made.reals[i] = loadDouble(type, from);
      } else {
        made.integers[i] = static_cast<std::int64_t>(loadElement(type, from));
      }
    }
    return made;
  }

  Values value(const CastTerm &term, const Arguments &arguments) const {
    return convert((*this)(*arguments[0]), term.type);
  }

  Values value(UnaryOpType op, const Arguments &arguments) const {
    Values a = (*this)(*arguments[0]);
    for (double &x : a.reals) {
      x = rounded(a.type, unary(op, x));
    }
    for (std::int64_t &x : a.integers) {
      x = fitted(a.type, unary(op, x));
    }
    const bool test = op == UnaryOpType::IS_FINITE || op == UnaryOpType::IS_INF || op == UnaryOpType::IS_NAN ||
                      op == UnaryOpType::LOGICAL_NOT;
    return test ? convert(std::move(a), poplar::BOOL) : a;
  }

  Values value(BinaryOpType op, const Arguments &arguments) const {
    const poplar::Type type = commonType(*arguments[0], *arguments[1], types_);
    Values a = convert((*this)(*arguments[0]), type);
    const Values b = convert((*this)(*arguments[1]), type);
    for (std::size_t i = 0; i < a.reals.size(); ++i) {
      a.reals[i] = rounded(type, binary(op, a.reals[i], b.reals[i]));
    }
    for (std::size_t i = 0; i < a.integers.size(); ++i) {
      a.integers[i] = fitted(type, binary(op, a.integers[i], b.integers[i], 8 * elementBytes(type)));
    }
    return isComparison(op) ? convert(std::move(a), poplar::BOOL) : a;
  }

  Values value(TernaryOpType op, const Arguments &arguments) const {
    const poplar::Type type = commonType(*arguments[0], *arguments[1], types_);
    Values a = convert((*this)(*arguments[0]), type);
    const Values b = convert((*this)(*arguments[1]), type);
    const Values c = convert((*this)(*arguments[2]), op == TernaryOpType::SELECT ? poplar::BOOL : type);
    const auto choose = [&](auto x, auto low, auto high) { return x < low ? low : x > high ? high : x; };
    for (std::size_t i = 0; i < count_; ++i) {
      if (op == TernaryOpType::CLAMP) {
        isFloating(type) ? void(a.reals[i] = choose(a.reals[i], b.reals[i], c.reals[i]))
                         : void(a.integers[i] = choose(a.integers[i], b.integers[i], c.integers[i]));
      } else if (c.integers[i] == 0) {
        isFloating(type) ? void(a.reals[i] = b.reals[i]) : void(a.integers[i] = b.integers[i]);
      }
    }
    return a;
  }

  const std::vector<poplar::Type> &types_;
  const std::vector<Span> &rows_;
  std::size_t count_;
};

} // namespace

poplar::Type typeOf(const Term &term, const std::vector<poplar::Type> &types) {
  if (const auto *constant = std::get_if<ConstTerm>(&term.what)) {
    return constant->type;
  }
  if (const auto *place = std::get_if<PlaceHolderTerm>(&term.what)) {
    require<poplar::poplar_error>(place->index <= types.size(), "the expression names tensor _", place->index, " of ",
                                  types.size());
    return types[place->index - 1];
  }
  if (const auto *cast = std::get_if<CastTerm>(&term.what)) {
    return cast->type;
  }
  if (const auto *op = std::get_if<UnaryOpType>(&term.what)) {
    const bool test = *op == UnaryOpType::IS_FINITE || *op == UnaryOpType::IS_INF || *op == UnaryOpType::IS_NAN ||
                      *op == UnaryOpType::LOGICAL_NOT;
    return test ? poplar::BOOL : typeOf(*term.arguments[0], types);
  }
  if (const auto *op = std::get_if<BinaryOpType>(&term.what)) {
    const poplar::Type common = commonType(*term.arguments[0], *term.arguments[1], types);
    return isComparison(*op) ? poplar::BOOL : common;
  }
  return commonType(*term.arguments[0], *term.arguments[1], types);
}

Values evaluate(const Term &term, const std::vector<poplar::Type> &types, const std::vector<Span> &rows,
                std::size_t count) {
  return Evaluator(types, rows, count)(term);
}

Values convert(Values values, poplar::Type type) {
  if (isFloating(values.type) && isFloating(type)) {
    if (type == poplar::HALF && values.type != type) {
      for (double &value : values.reals) {
        value = rounded(type, value);
      }
    }
  } else if (isFloating(values.type)) {
    for (const double value : values.reals) {
      const bool fits = std::fabs(value) < 9.2e18;
      const auto whole = fits ? static_cast<std::int64_t>(value) : 0;
      values.integers.push_back(type == poplar::BOOL ? (value != 0 ? 1 : 0) : fitted(type, whole));
    }
    values.reals.clear();
  } else if (isFloating(type)) {
    for (const std::int64_t value : values.integers) {
      values.reals.push_back(rounded(type, static_cast<double>(value)));
    }
    values.integers.clear();
  } else {
    for (std::int64_t &value : values.integers) {
      value = type == poplar::BOOL ? (value != 0 ? 1 : 0) : fitted(type, value);
    }
  }
  values.type = type;
  return values;
}

void storeValues(const Values &values, Span to) {
  const std::size_t bytes = elementBytes(values.type);
  for (std::size_t i = 0; i < to.size; ++i) {
    if (values.type == poplar::FLOAT) {
      to.as<float>()[i] = static_cast<float>(values.reals[i]);
    } else {
      const long double value = isFloating(values.type) ? static_cast<long double>(values.reals[i])
                                                        : static_cast<long double>(values.integers[i]);
      storeElement(values.type, to.as<Byte>() + i * bytes, value);
    }
  }
}

} // namespace axonc_ipu
