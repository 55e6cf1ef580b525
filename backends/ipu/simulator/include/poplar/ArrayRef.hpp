// A view of elements that lie side by side in somebody else's memory.
#ifndef POPLAR_ARRAY_REF_HPP
#define POPLAR_ARRAY_REF_HPP

#include <array>
#include <cstddef>
#include <initializer_list>
#include <type_traits>
#include <vector>

namespace poplar {

template <class T> class ArrayRef {
public:
  using value_type = T;
  using const_iterator = const T *;

  ArrayRef() = default;
  ArrayRef(const T *data, std::size_t size) : data_(data), size_(size) {}
  ArrayRef(std::initializer_list<T> list) : ArrayRef(list.begin(), list.size()) {}
  template <std::size_t N> ArrayRef(const T (&array)[N]) : data_(array), size_(N) {}
  template <std::size_t N> ArrayRef(const std::array<T, N> &array) : data_(array.data()), size_(N) {}
  template <class A, class U = T, std::enable_if_t<!std::is_same_v<U, bool>, int> = 0>
  ArrayRef(const std::vector<T, A> &vector) : data_(vector.data()), size_(vector.size()) {}

  const T *data() const { return data_; }
  const T *begin() const { return data_; }
  const T *end() const { return data_ + size_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const T &operator[](std::size_t i) const { return data_[i]; }
  const T &front() const { return data_[0]; }
  const T &back() const { return data_[size_ - 1]; }
  std::vector<T> vec() const { return {begin(), end()}; }
  operator std::vector<T>() const { return vec(); }

private:
  const T *data_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace poplar

#endif
