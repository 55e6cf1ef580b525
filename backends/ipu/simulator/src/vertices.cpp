// Compute sets, vertices, and what their fields are connected to.
#include "checks.hpp"
#include "graph_data.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace axonc_ipu {

std::size_t VertexClass::fieldIndex(const std::string &field) const {
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field &one) { return one.name == field; });
  return static_cast<std::size_t>(found - fields.begin());
}

void addNative(poplar::Graph &graph, VertexClass type) {
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    Field &field = type.fields[i];
    field.offset = i * sizeof(Span);
    field.bytes = sizeof(Span);
    field.align = static_cast<unsigned>(elementBytes(field.type));
  }
  type.bytes = type.fields.size() * sizeof(Span);
  auto &known = graph.data().classes;
  if (known.count(type.name) == 0) {
    const std::string name = type.name;
    known[name] = std::make_unique<VertexClass>(std::move(type));
  }
}

} // namespace axonc_ipu

namespace poplar {

using axonc_ipu::Byte;
using axonc_ipu::Connection;
using axonc_ipu::Field;
using axonc_ipu::FieldKind;
using axonc_ipu::require;
using axonc_ipu::VertexData;

namespace {

constexpr std::size_t MOST_ROWS = 65535;

struct Found {
  VertexData &vertex;
  const Field &field;
  Connection &connection;
};

Found find(axonc_ipu::GraphData &graph, const FieldRef &ref) {
  VertexData &vertex = graph.vertices.at(ref.vertex());
  const std::size_t index = vertex.type->fieldIndex(ref.name());
  require<graph_connection_error>(index < vertex.type->fields.size(), "vertex ", vertex.type->name, " has no field '",
                                  ref.name(), "'");
  return {vertex, vertex.type->fields[index], vertex.connections[index]};
}

std::string fieldName(const Found &found) { return found.vertex.type->name + "." + found.field.name; }

void checkEdge(const Found &found, const Tensor &tensor, unsigned rank) {
  require<graph_connection_error>(found.field.edge(), "field ", fieldName(found),
                                  " is no Input, Output or InOut: set an initial value");
  require<type_error>(tensor.elementType() == found.field.type, "type mismatch: field ", fieldName(found),
                      " has elements of type ", found.field.type, ", tensor ", tensor, " is connected");
  require<graph_connection_error>(
      rank == 0 ? tensor.numElements() == 1 : tensor.rank() == rank, "size mismatch: field ", fieldName(found),
      rank == 0 ? " takes 1 element" : axonc_ipu::text(" takes a tensor of rank ", rank), ", not ", tensor);
  require<graph_connection_error>(!found.field.writes() || !tensor.containsConstant(), "field ", fieldName(found),
                                  " would write to the constant ", tensor);
  require<graph_connection_error>(!found.field.writes() || !tensor.containsAliases(), "field ", fieldName(found),
                                  " would write to repeated elements of ", tensor);
}

// Rows of a 2-D field, or elements of a vector that is connected piece by piece.
void connectRows(const Found &found, std::vector<Tensor> rows) {
  for (const Tensor &row : rows) {
    checkEdge(found, row, found.field.kind == FieldKind::Rows ? 1 : 0);
  }
  require<graph_connection_error>(rows.size() <= MOST_ROWS, "Too many sub-vectors in VectorList ", fieldName(found),
                                  ": ", rows.size(), " > ", MOST_ROWS);
  const auto &size = found.connection.size;
  require<graph_connection_error>(!size || *size == rows.size(), "size mismatch: field ", fieldName(found),
                                  " has size ", size.value_or(0), ", ", rows.size(), " tensors are connected");
  found.connection.rows = std::move(rows);
}

void connectWhole(const Found &found, const Tensor &tensor) {
  if (found.field.kind == FieldKind::Rows) {
    checkEdge(found, tensor, 2);
    std::vector<Tensor> rows;
    for (std::size_t i = 0; i < tensor.dim(0); ++i) {
      rows.push_back(tensor[i]);
    }
    connectRows(found, std::move(rows));
    return;
  }
  checkEdge(found, tensor, found.field.kind == FieldKind::Scalar ? 0 : 1);
  const auto &size = found.connection.size;
  require<graph_connection_error>(!size || *size == tensor.numElements(), "size mismatch: field ", fieldName(found),
                                  " has size ", size.value_or(0), ", not ", tensor);
  found.connection.rows = {tensor};
}

void store(Byte *to, const Field &field, long double value) {
  const bool integer = !axonc_ipu::isFloating(field.type) && field.type != BOOL;
  const auto bits = static_cast<int>(8 * axonc_ipu::elementBytes(field.type));
  const bool fits =
      !integer || (value < std::pow(2.0L, bits) && value >= -std::pow(2.0L, bits - 1) && value == std::floor(value));
  require<graph_connection_error>(fits, "field '", field.name, "' of type ", field.type, " cannot hold ",
                                  static_cast<double>(value));
  axonc_ipu::storeElement(field.type, to, value);
}

} // namespace

ComputeSet Graph::addComputeSet(const DebugContext &debugContext) {
  data_->computeSets.push_back({debugContext.getPathName(), {}});
  return ComputeSet(static_cast<unsigned>(data_->computeSets.size()) - 1);
}

VertexRef Graph::addVertex(ComputeSet computeSet, StringRef type) {
  const auto found = data_->classes.find(axonc_ipu::canonicalName(type.str()));
  require<graph_object_creation_error>(found != data_->classes.end(), "Could not find vertex type '", type,
                                       "': no codelets that define it were added");
  const axonc_ipu::VertexClass &known = *found->second;
  const auto id = static_cast<unsigned>(data_->vertices.size());
  data_->computeSets.at(computeSet.getId()).vertices.push_back(id);
  data_->vertices.push_back({&known,
                             computeSet.getId(),
                             {},
                             std::vector<Connection>(known.fields.size()),
                             std::vector<Byte>(known.bytes, 0),
                             {}});
  return VertexRef(id);
}

VertexRef Graph::addVertex(ComputeSet computeSet, StringRef type, ArrayRef<ConnectionDesc> connections) {
  const VertexRef vertex = addVertex(computeSet, type);
  for (const ConnectionDesc &one : connections) {
    const FieldRef field = vertex[one.field()];
    if (one.constant()) {
      connectConstant(field, one.value());
    } else if (one.rows()) {
      connect(field, one.tensors());
    } else {
      connect(field, one.tensors()[0]);
    }
  }
  return vertex;
}

void Graph::connect(FieldRef ref, const Tensor &tensor) {
  const Found found = find(*data_, ref);
  if (ref.index() == FieldRef::WHOLE) {
    connectWhole(found, tensor);
    return;
  }
  require<graph_connection_error>(found.field.kind == FieldKind::Rows || found.field.kind == FieldKind::Row, "field ",
                                  fieldName(found), " has no elements to connect one by one");
  std::vector<Tensor> rows = found.connection.rows;
  rows.resize(std::max(rows.size(), ref.index() + 1));
  rows[ref.index()] = tensor;
  checkEdge(found, tensor, found.field.kind == FieldKind::Rows ? 1 : 0);
  require<graph_connection_error>(!found.connection.size || rows.size() <= *found.connection.size,
                                  "size mismatch: field ", fieldName(found), " has no element ", ref.index());
  found.connection.rows = std::move(rows);
}

void Graph::connect(FieldRef field, ArrayRef<Tensor> tensors) { connectRows(find(*data_, field), tensors.vec()); }

void Graph::connectConstant(FieldRef ref, double value) {
  const Found found = find(*data_, ref);
  if (!found.field.edge()) {
    const auto exact = static_cast<long double>(value);
    setInitialValues(ref, &exact, 1, false);
    return;
  }
  const Type type = found.field.type;
  const Tensor constant = addConstant<double>(type, {}, value);
  connect(ref, constant);
  if (found.vertex.tile) {
    data_->variables.back().tiles.set(0, 1, *found.vertex.tile);
  }
}

void Graph::setFieldSize(FieldRef ref, std::size_t size) {
  const Found found = find(*data_, ref);
  require<graph_connection_error>(found.field.kind != FieldKind::Value && found.field.kind != FieldKind::Scalar,
                                  "field ", fieldName(found), " has no size");
  found.connection.size = size;
  if (found.field.kind == FieldKind::State) {
    found.connection.state.resize(size * axonc_ipu::elementBytes(found.field.type));
  } else {
    found.connection.rows.resize(size);
  }
}

void Graph::setInitialValues(FieldRef ref, const long double *values, std::size_t count, bool list) {
  const Found found = find(*data_, ref);
  const std::size_t bytes = axonc_ipu::elementBytes(found.field.type);
  if (found.field.kind == FieldKind::Value) {
    require<graph_connection_error>(count == 1 && !list, "size mismatch: field ", fieldName(found),
                                    " takes 1 value, not ", count);
    store(found.vertex.object.data() + found.field.offset, found.field, values[0]);
    found.connection.size = 1;
    return;
  }
  require<graph_connection_error>(found.field.kind == FieldKind::State, "field ", fieldName(found),
                                  " has an edge: connect a tensor");
  std::size_t first = ref.index();
  if (first == FieldRef::WHOLE) {
    first = 0;
    require<graph_connection_error>(!found.connection.size || *found.connection.size == count, "size mismatch: field ",
                                    fieldName(found), " has size ", found.connection.size.value_or(0), ", not ", count);
    found.connection.size = count;
  }
  auto &state = found.connection.state;
  state.resize(std::max(state.size(), (first + count) * bytes));
  for (std::size_t i = 0; i < count; ++i) {
    store(state.data() + (first + i) * bytes, found.field, values[i]);
  }
  found.connection.size = state.size() / bytes;
}

void Graph::setTileMapping(VertexRef vertex, unsigned tile) {
  VertexData &data = data_->vertices.at(vertex.getId());
  data.tile = physicalTile(tile);
  // Constants that were made for scalar fields live where their vertex does.
  for (const Connection &connection : data.connections) {
    for (const Tensor &row : connection.rows) {
      if (row.valid() && row.numElements() == 1) {
        axonc_ipu::Variable &variable = data_->variables[row.view().runs[0].variable];
        if (variable.constant && variable.count == 1 && variable.tiles.placed().empty()) {
          variable.tiles.set(0, 1, *data.tile);
        }
      }
    }
  }
}

void Graph::setPerfEstimate(const VertexRef &vertex, std::uint64_t cycles, std::uint64_t flops) {
  setPerfEstimate(vertex, VertexPerfEstimate(cycles, flops));
}

void Graph::setPerfEstimate(const VertexRef &vertex, VertexPerfEstimate estimate) {
  data_->vertices.at(vertex.getId()).estimate = estimate;
}

VertexPerfEstimate Graph::getPerfEstimate(const VertexRef &vertex) const {
  return data_->vertices.at(vertex.getId()).estimate.value_or(VertexPerfEstimate());
}

void Graph::registerPerfEstimator(StringRef vertexType, PerfEstimateFunc estimator) {
  data_->estimators[axonc_ipu::canonicalName(vertexType.str())] = std::move(estimator);
}

bool Graph::hasCodelet(StringRef vertexType) const {
  return data_->classes.count(axonc_ipu::canonicalName(vertexType.str())) > 0;
}

std::size_t Graph::getMaxFieldDim(StringRef vertexType, StringRef field, unsigned /*dimension*/) const {
  require<graph_object_creation_error>(hasCodelet(vertexType), "no vertex type '", vertexType, "'");
  const auto &known = *data_->classes.at(axonc_ipu::canonicalName(vertexType.str()));
  const std::size_t index = known.fieldIndex(field.str());
  require<graph_connection_error>(index < known.fields.size(), "no field '", field, "'");
  return known.fields[index].kind == FieldKind::Rows ? MOST_ROWS : std::numeric_limits<std::uint32_t>::max();
}

double Graph::maxFieldValue(StringRef vertexType, StringRef field) const {
  require<graph_object_creation_error>(hasCodelet(vertexType), "no vertex type '", vertexType, "'");
  const auto &known = *data_->classes.at(axonc_ipu::canonicalName(vertexType.str()));
  const std::size_t index = known.fieldIndex(field.str());
  require<graph_connection_error>(index < known.fields.size(), "no field '", field, "'");
  const auto bits = static_cast<double>(8 * axonc_ipu::elementBytes(known.fields[index].type));
  return std::exp2(bits) - 1;
}

} // namespace poplar
