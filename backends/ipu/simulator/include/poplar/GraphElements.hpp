// Handles of what a graph holds.
#ifndef POPLAR_GRAPH_ELEMENTS_HPP
#define POPLAR_GRAPH_ELEMENTS_HPP

#include <cstddef>
#include <poplar/StringRef.hpp>

namespace axonc_ipu {
struct GraphData;
}

namespace poplar {

class ComputeSet {
public:
  ComputeSet() = default;
  explicit ComputeSet(unsigned id) : id_(id) {}
  unsigned getId() const { return id_; }

private:
  unsigned id_ = ~0U;
};

class Function {
public:
  Function() = default;
  explicit Function(unsigned id) : id_(id) {}
  unsigned getId() const { return id_; }

private:
  unsigned id_ = ~0U;
};

class FieldRef {
public:
  static constexpr std::size_t WHOLE = ~std::size_t{0};
  FieldRef(unsigned vertex, std::string name, std::size_t index = WHOLE)
      : vertex_(vertex), name_(std::move(name)), index_(index) {}
  FieldRef operator[](std::size_t index) const { return {vertex_, name_, index}; }
  unsigned vertex() const { return vertex_; }
  const std::string &name() const { return name_; }
  std::size_t index() const { return index_; }

private:
  unsigned vertex_;
  std::string name_;
  std::size_t index_;
};

class VertexRef {
public:
  VertexRef() = default;
  explicit VertexRef(unsigned id) : id_(id) {}
  FieldRef operator[](StringRef name) const { return {id_, name.str()}; }
  unsigned getId() const { return id_; }

private:
  unsigned id_ = ~0U;
};

} // namespace poplar

#endif
