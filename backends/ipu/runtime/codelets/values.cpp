// Values of all elements of a population: found for a list, and kept for later steps.
#include <poplar/Vertex.hpp>

#include "neurons.hpp"

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// Lists the values of a tile that are not 0.
class FindValues : public poplar::MultiVertex {
public:
  Input<Vector<float>> values;
  Output<Vector<unsigned>> found;
  const unsigned first = 0;
  const unsigned words = 2;

  bool compute(unsigned worker) {
    const Range mine = rangeOf(worker, values.size());
    Finder<unsigned> finder(found, worker, words);
    for (unsigned n = mine.begin; n < mine.end; ++n) {
      if (values[n] != 0.0F) {
        finder.add(first + n, bitsOf(values[n]));
      }
    }
    finder.close();
    return true;
  }
};

// Gives the values of some steps before. `ring`: the values of one step less than that, `turn`: which of them are next.
template <class T> class LateValues : public poplar::Vertex {
public:
  Input<Vector<T>> values;
  Output<Vector<T>> late;
  InOut<Vector<T>> ring;
  InOut<unsigned> turn;

  bool compute() {
    const std::size_t row = ring.size() == 0 ? 0 : *turn * values.size();
    for (std::size_t n = 0; n < values.size(); ++n) {
      late[n] = ring.size() == 0 ? values[n] : ring[row + n];
      if (ring.size() != 0) {
        ring[row + n] = values[n];
      }
    }
    *turn = row + values.size() < ring.size() ? *turn + 1 : 0;
    return true;
  }
};

template class LateValues<bool>;
template class LateValues<signed char>;
template class LateValues<short>;
template class LateValues<int>;
template class LateValues<long long>;
template class LateValues<unsigned char>;
template class LateValues<unsigned short>;
template class LateValues<unsigned int>;
template class LateValues<unsigned long long>;
template class LateValues<float>;

} // namespace axonc
