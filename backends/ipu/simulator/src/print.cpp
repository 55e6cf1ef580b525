// How PrintTensor shows a tensor: nested brackets, four digits after the point, long dimensions shortened.
#include "machine.hpp"

#include <iomanip>
#include <sstream>

namespace axonc_ipu {

namespace {

constexpr std::size_t SUMMARISED_FROM = 1000;
constexpr std::size_t EDGE_ITEMS = 3;

class Printer {
public:
  Printer(const poplar::Tensor &tensor, const std::vector<Byte> &values) : tensor_(tensor), values_(values) {
    out_ << std::setprecision(4) << std::fixed;
  }

  std::string text() {
    level(0, 0);
    return out_.str();
  }

private:
  void level(std::size_t dimension, std::size_t position) {
    if (dimension == tensor_.rank()) {
      element(position);
      return;
    }
    const std::size_t size = tensor_.shape()[dimension];
    std::size_t inner = 1;
    for (std::size_t i = dimension + 1; i < tensor_.rank(); ++i) {
      inner *= tensor_.shape()[i];
    }
    const bool shortened = tensor_.numElements() > SUMMARISED_FROM && size > 2 * EDGE_ITEMS;
    out_ << '[';
    for (std::size_t i = 0; i < size; ++i) {
      if (shortened && i == EDGE_ITEMS) {
        out_ << " ...";
        i = size - EDGE_ITEMS;
      }
      if (i > 0) {
        out_ << (dimension + 1 == tensor_.rank() ? " " : "\n" + std::string(dimension + 1, ' '));
      }
      level(dimension + 1, position + i * inner);
    }
    out_ << ']';
  }

  void element(std::size_t position) {
    const poplar::Type type = tensor_.elementType();
    const long double value = loadElement(type, values_.data() + position * elementBytes(type));
    if (isFloating(type)) {
      out_ << static_cast<double>(value);
    } else {
      out_ << static_cast<long long>(value);
    }
  }

  const poplar::Tensor &tensor_;
  const std::vector<Byte> &values_;
  std::ostringstream out_;
};

} // namespace

std::string formatted(const poplar::Tensor &tensor, const Memory &memory) {
  std::vector<Byte> values(tensor.numElements() * elementBytes(tensor.elementType()));
  memory.gather(tensor.view(), values.data());
  return Printer(tensor, values).text();
}

} // namespace axonc_ipu
