// The meaning of popops expressions: types as the tensors give them, every operation rounded to its type.
#ifndef AXONC_IPU_EXPRESSIONS_HPP
#define AXONC_IPU_EXPRESSIONS_HPP

#include "native.hpp"

#include <popops/Expr.hpp>

namespace axonc_ipu {

// A column of elements: `reals` if the type is a floating one, else `integers`.
struct Values {
  poplar::Type type;
  std::vector<double> reals;
  std::vector<std::int64_t> integers;
};

// The type of an expression over tensors of these types; constants take the type of what they are combined with.
poplar::Type typeOf(const popops::expr::Term &term, const std::vector<poplar::Type> &types);
// Evaluates over rows of `count` elements; a row of one element serves all.
Values evaluate(const popops::expr::Term &term, const std::vector<poplar::Type> &types, const std::vector<Span> &rows,
                std::size_t count);
Values convert(Values values, poplar::Type type);
void storeValues(const Values &values, Span to);

} // namespace axonc_ipu

#endif
