// What a compiled codelet library says of its vertices, in types that need no common C++ library.
// `describe` finds kind, direction, element and layout of a field from its C++ type; popc supplies only the names.
#ifndef AXONC_IPU_VERTEX_TABLE_HPP
#define AXONC_IPU_VERTEX_TABLE_HPP

#include <axonc_ipu/element.hpp>
#include <poplar/Vertex.hpp>

namespace axonc_ipu {

constexpr unsigned TABLE_VERSION = 1;

enum class FieldKind : unsigned { Value, State, Scalar, Row, Rows };
enum class Direction : unsigned { None, Input, Output, InOut };

struct FieldEntry {
  const char *name;
  unsigned long offset;
  unsigned long bytes;
  FieldKind kind;
  Direction direction;
  Element element;
  int layout;     // of the row, or of a one-dimensional field
  int listLayout; // of the outer dimension of a 2-D field: a VectorLayout, or -1 - VectorListLayout
  unsigned align;
};

struct VertexEntry {
  const char *name;
  unsigned long bytes;
  unsigned workers;
  const FieldEntry *fields;
  unsigned long fieldCount;
  void (*compute)(void *vertex, unsigned worker);
};

struct VertexTable {
  unsigned version;
  unsigned long count;
  const VertexEntry *vertices;
};

struct FieldType {
  FieldKind kind;
  Direction direction;
  Element element;
  int layout;
  int listLayout;
  unsigned align;
};

template <class T, bool IsEnum> struct ValueElement {
  static constexpr Element value = ElementOf<T>::value;
};
template <class T> struct ValueElement<T, true> {
  static constexpr Element value = ElementOf<std::underlying_type_t<T>>::value;
};

template <class T> struct Describe {
  static constexpr FieldType value{FieldKind::Value, Direction::None, ValueElement<T, std::is_enum_v<T>>::value, 0, 0,
                                   alignof(T)};
};

template <class T, Direction D> struct DescribeEdge {
  static constexpr FieldType value{FieldKind::Scalar, D, ElementOf<T>::value, 0, 0, alignof(T)};
};
template <class T, poplar::VectorLayout L, unsigned A, bool I, Direction D>
struct DescribeEdge<poplar::Vector<T, L, A, I>, D> {
  static constexpr FieldType value{FieldKind::Row, D, ElementOf<T>::value, static_cast<int>(L), 0, A};
};
template <class T, poplar::VectorListLayout L, unsigned A, bool I, Direction D>
struct DescribeEdge<poplar::VectorList<T, L, A, I>, D> {
  static constexpr FieldType value{FieldKind::Rows, D, ElementOf<T>::value, 0, -1 - static_cast<int>(L), A};
};
template <class T> struct Describe<poplar::Input<T>> : DescribeEdge<T, Direction::Input> {};
template <class T> struct Describe<poplar::Output<T>> : DescribeEdge<T, Direction::Output> {};
template <class T> struct Describe<poplar::InOut<T>> : DescribeEdge<T, Direction::InOut> {};

constexpr FieldType asRows(FieldType row, int listLayout) {
  return {FieldKind::Rows, row.direction, row.element, row.layout, listLayout, row.align};
}
template <class T, poplar::VectorLayout L, unsigned A, bool I> struct Describe<poplar::Vector<T, L, A, I>> {
  static constexpr FieldType inner = Describe<T>::value;
  static constexpr FieldType value =
      inner.kind == FieldKind::Value
          ? FieldType{FieldKind::State, Direction::None, inner.element, static_cast<int>(L), 0, A}
          : asRows(inner, static_cast<int>(L));
};

template <class T> constexpr FieldEntry describe(const char *name, unsigned long offset) {
  using Bare = std::remove_cv_t<T>;
  constexpr FieldType type = Describe<Bare>::value;
  static_assert(type.element != Element::None, "this field's element type does not exist on a tile");
  return {name,         offset,      sizeof(Bare),    type.kind, type.direction,
          type.element, type.layout, type.listLayout, type.align};
}

template <class V> void compute(void *vertex, unsigned worker) {
  if constexpr (std::is_base_of_v<poplar::MultiVertex, V>) {
    static_cast<void>(static_cast<V *>(vertex)->compute(worker));
  } else {
    static_cast<void>(worker);
    static_cast<void>(static_cast<V *>(vertex)->compute());
  }
}

template <class V> constexpr unsigned workers() {
  return std::is_base_of_v<poplar::MultiVertex, V> ? poplar::MultiVertex::numWorkers() : 1;
}

} // namespace axonc_ipu

#endif
