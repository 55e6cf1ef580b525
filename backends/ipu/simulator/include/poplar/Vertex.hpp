// What a codelet sees: vertex base classes and field types.
// Every edge field is a pointer and a count, every 2-D field a pointer to such pairs: the engine fills both in alike.
#ifndef POPLAR_VERTEX_HPP
#define POPLAR_VERTEX_HPP

#include <axonc_ipu/half.hpp>
#include <cstddef>

using half = axonc_ipu::Half;

namespace poplar {

enum class VectorLayout { SPAN, SHORT_SPAN, ONE_PTR, SCALED_PTR32, SCALED_PTR64, SCALED_PTR128, COMPACT_PTR };
enum class VectorListLayout {
  ONE_PTR,
  SCALED_PTR32,
  SCALED_PTR64,
  SCALED_PTR128,
  DELTAN,
  DELTANELEMENTS,
  COMPACT_DELTAN
};

class Vertex {};
class SupervisorVertex : public Vertex {};
class MultiVertex : public Vertex {
public:
  static constexpr unsigned numWorkers() { return 6; }
};

template <class T, VectorLayout L = VectorLayout::SPAN, unsigned MinAlign = alignof(T), bool Interleaved = false>
class Vector;
template <class T, VectorListLayout L = VectorListLayout::DELTAN, unsigned MinAlign = alignof(T),
          bool Interleaved = false>
class VectorList;

namespace detail {

// One element.
template <class T> class One {
public:
  T &operator*() const { return *data_; }
  T *operator->() const { return data_; }
  operator T &() const { return *data_; }

private:
  T *data_;
  std::size_t size_;
};

// A run of elements whose number the vertex knows.
template <class T> class Span {
public:
  T &operator[](std::size_t i) const { return data_[i]; }
  const Span &operator*() const { return *this; } // fields are written as pointers to what they hold, too
  const Span *operator->() const { return this; }
  T *data() const { return data_; }
  T *begin() const { return data_; }
  T *end() const { return data_ + size_; }
  std::size_t size() const { return size_; }

private:
  T *data_;
  std::size_t size_;
};

// A run of elements whose number only the author knows.
template <class T> class Pointer {
public:
  T &operator[](std::size_t i) const { return data_[i]; }
  const Pointer &operator*() const { return *this; }
  const Pointer *operator->() const { return this; }
  T *data() const { return data_; }
  T *begin() const { return data_; }

private:
  T *data_;
  std::size_t size_;
};

template <class T, VectorLayout L> struct Run {
  using type = Pointer<T>;
};
template <class T> struct Run<T, VectorLayout::SPAN> {
  using type = Span<T>;
};
template <class T> struct Run<T, VectorLayout::SHORT_SPAN> {
  using type = Span<T>;
};

} // namespace detail

template <class T> class Input : public detail::One<const T> {};
template <class T> class Output : public detail::One<T> {
public:
  const T &operator=(const T &value) const { return **this = value; }
};
template <class T> class InOut : public detail::One<T> {
public:
  const T &operator=(const T &value) const { return **this = value; }
};

template <class T, VectorLayout L, unsigned A, bool I>
class Input<Vector<T, L, A, I>> : public detail::Run<const T, L>::type {};
template <class T, VectorLayout L, unsigned A, bool I>
class Output<Vector<T, L, A, I>> : public detail::Run<T, L>::type {};
template <class T, VectorLayout L, unsigned A, bool I>
class InOut<Vector<T, L, A, I>> : public detail::Run<T, L>::type {};

template <class T, VectorListLayout L, unsigned A, bool I>
class Input<VectorList<T, L, A, I>> : public detail::Span<Input<Vector<T, VectorLayout::SPAN, A, I>>> {};
template <class T, VectorListLayout L, unsigned A, bool I>
class Output<VectorList<T, L, A, I>> : public detail::Span<Output<Vector<T, VectorLayout::SPAN, A, I>>> {};
template <class T, VectorListLayout L, unsigned A, bool I>
class InOut<VectorList<T, L, A, I>> : public detail::Span<InOut<Vector<T, VectorLayout::SPAN, A, I>>> {};

// State of the vertex if T is a number, a 2-D field if T is Input<...>, Output<...> or InOut<...>.
template <class T, VectorLayout L, unsigned MinAlign, bool Interleaved>
class Vector : public detail::Run<T, L>::type {};

} // namespace poplar

#endif
