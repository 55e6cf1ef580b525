// Vertices with every kind of field.
#include <poplar/HalfFloat.hpp>
#include <poplar/Vertex.hpp>

using namespace poplar;

enum class Kind : unsigned char { Sum, Product };

// Layouts, plain fields, state vectors.
class Layouts : public Vertex {
public:
  Input<Vector<int, VectorLayout::SPAN>> span;
  Input<Vector<int, VectorLayout::ONE_PTR>> pointer;
  Input<Vector<int, VectorLayout::SCALED_PTR64, 8>> scaled;
  InOut<Vector<int, VectorLayout::SHORT_SPAN>> changed;
  Input<int> factor;
  Output<int> total;
  const bool negate;
  const unsigned short count;
  const Kind kind;
  Vector<float> table;

  bool compute() {
    int sum = kind == Kind::Sum ? 0 : 1;
    for (unsigned i = 0; i < count; ++i) {
      const int term = span[i] + pointer[i] + scaled[i];
      sum = kind == Kind::Sum ? sum + term : sum * term;
    }
    for (int &value : changed) {
      value += static_cast<int>(table[1] * 2.0F);
    }
    *total = (negate ? -sum : sum) * *factor + static_cast<int>(table.size());
    return true;
  }
};

// 2-D fields.
class Rows : public Vertex {
public:
  Vector<Input<Vector<float>>> in;
  Input<VectorList<float, VectorListLayout::DELTANELEMENTS>> list;
  Vector<Output<Vector<float>>, VectorLayout::ONE_PTR> out;

  void compute() {
    for (std::size_t i = 0; i < in.size(); ++i) {
      for (std::size_t j = 0; j < in[i].size(); ++j) {
        out[i][j] = in[i][j] * static_cast<float>(i + 1) + list[i][0];
      }
    }
  }
};

// A template, in a namespace, with a base that has fields.
namespace tools {

template <class T> class Base : public Vertex {
public:
  Input<Vector<T>> in;
  Output<Vector<T>> out;
};

template <class T, unsigned N, bool Twice> class Scale : public Base<T> {
public:
  bool compute() {
    for (unsigned i = 0; i < this->in.size(); ++i) {
      const T once = this->in[i] * static_cast<T>(N);
      this->out[i] = Twice ? static_cast<T>(once + once) : once;
    }
    return true;
  }
};

template class Scale<float, 3, true>;
template class Scale<int, 2, false>;
template class Scale<half, 3, true>;

} // namespace tools

// All workers share one vertex.
class Workers : public MultiVertex {
public:
  InOut<Vector<unsigned>> data;

  bool compute(unsigned worker) {
    for (std::size_t i = worker; i < data.size(); i += numWorkers()) {
      data[i] = data[i] * 10 + worker;
    }
    return true;
  }
};

// Arithmetic in half: every result is rounded.
class Halves : public Vertex {
public:
  Input<Vector<half>> a;
  Input<Vector<half>> b;
  Output<Vector<half>> sum;
  Output<Vector<half>> product;
  Output<Vector<float>> exact;

  bool compute() {
    for (unsigned i = 0; i < a.size(); ++i) {
      sum[i] = a[i] + b[i];
      product[i] = a[i] * b[i];
      exact[i] = static_cast<float>(a[i]) * static_cast<float>(b[i]);
    }
    return true;
  }
};

// Keeps a count from one superstep to the next.
class Counter : public Vertex {
public:
  Output<unsigned> out;
  unsigned count;

  bool compute() {
    out = ++count;
    return true;
  }
};
