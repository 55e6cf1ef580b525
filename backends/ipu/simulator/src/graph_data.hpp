// What a graph holds.
#ifndef AXONC_IPU_GRAPH_DATA_HPP
#define AXONC_IPU_GRAPH_DATA_HPP

#include "intervals.hpp"
#include "tile_map.hpp"
#include "types.hpp"
#include "view.hpp"

#include <axonc_ipu/vertex_table.hpp>
#include <functional>
#include <optional>
#include <poplar/Graph.hpp>
#include <unordered_map>

namespace axonc_ipu {

struct Node;

struct Variable {
  std::string name;
  poplar::DebugContext debugContext;
  poplar::Type type;
  std::vector<std::size_t> shape;
  std::size_t count;
  bool constant;
  TileMap tiles;
  std::vector<Byte> initial; // empty: nothing has an initial value
  IntervalSet initialised;
};

struct Field {
  std::string name;
  std::size_t offset;
  std::size_t bytes;
  FieldKind kind;
  Direction direction;
  poplar::Type type;
  int layout;
  int listLayout;
  unsigned align;

  bool edge() const { return direction != Direction::None; }
  bool writes() const { return direction == Direction::Output || direction == Direction::InOut; }
};

struct VertexClass {
  std::string name;
  std::size_t bytes;
  unsigned workers;
  std::vector<Field> fields;
  std::function<void(void *vertex, unsigned worker)> compute;

  std::size_t fieldIndex(const std::string &field) const; // fields.size() if there is none
};

// What a field of a vertex is connected to: one tensor, or one for each row.
struct Connection {
  std::vector<poplar::Tensor> rows;
  std::vector<Byte> state; // of a state vector
  std::optional<std::size_t> size;
};

struct VertexData {
  const VertexClass *type;
  unsigned computeSet;
  std::optional<unsigned> tile;
  std::vector<Connection> connections; // one for each field
  std::vector<Byte> object;            // the vertex as its codelet sees it, before it first runs
  std::optional<poplar::VertexPerfEstimate> estimate;
};

struct ComputeSetData {
  std::string name;
  std::vector<unsigned> vertices;
};

struct HostHandle {
  poplar::Tensor tensor;
  bool write;
};

struct GraphData {
  explicit GraphData(poplar::Target machine) : target(std::move(machine)) {}
  poplar::Target target;
  std::vector<Variable> variables;
  std::vector<ComputeSetData> computeSets;
  std::vector<VertexData> vertices;
  std::unordered_map<std::string, std::unique_ptr<VertexClass>> classes;
  std::unordered_map<std::string, poplar::PerfEstimateFunc> estimators;
  std::vector<poplar::DataStream> streams;
  std::vector<poplar::RemoteBuffer> remoteBuffers;
  std::map<std::string, HostHandle> hostHandles;
  std::vector<std::shared_ptr<Node>> functions;
};

// Variable and elements, as messages name them: "'weights'[0:24)".
std::string describe(const poplar::Tensor &tensor);
// A spelling of a vertex type that host and codelet share: no blanks, one name for each C++ type.
std::string canonicalName(const std::string &name);
// The vertex classes of a compiled codelet library.
void loadCodelets(GraphData &graph, const std::string &library);
// Adds a class that is part of this library; its fields lie one behind the other as pointer and size.
void addNative(poplar::Graph &graph, VertexClass type);
// The pointer and size of field or row i of a native vertex.
struct Span {
  void *data;
  std::size_t size;
  template <class T> T *as() const { return static_cast<T *>(data); }
};

} // namespace axonc_ipu

#endif
