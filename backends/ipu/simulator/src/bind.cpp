// Rule: every vertex is on a tile, every edge field is connected. What holds becomes pointers to fill in.
#include "checks.hpp"
#include "executable.hpp"

#include <algorithm>

namespace axonc_ipu {

namespace {

class Binder {
public:
  Binder(const Executable &executable, Problems &problems) : executable_(executable), problems_(problems) {}

  std::optional<BoundVertex> vertex(unsigned id) {
    const VertexData &data = executable_.graph->vertices.at(id);
    if (!data.tile) {
      problems_.add("Vertex of type ", data.type->name, " in compute set '",
                    executable_.graph->computeSets.at(data.computeSet).name, "' is not mapped to any tile");
      return std::nullopt;
    }
    BoundVertex bound{id, *data.tile, data.type, {}};
    for (std::size_t i = 0; i < data.type->fields.size(); ++i) {
      field(data, i, bound);
    }
    return bound;
  }

private:
  void field(const VertexData &data, std::size_t index, BoundVertex &bound) {
    const Field &field = data.type->fields[index];
    const Connection &connection = data.connections[index];
    if (!field.edge()) {
      if (field.kind == FieldKind::State && !connection.size) {
        problems_.add("Field ", data.type->name, ".", field.name, " has no initial value");
      }
      return;
    }
    const auto &rows = connection.rows;
    const bool known = !rows.empty() || (connection.size && *connection.size == 0) ||
                       (field.kind == FieldKind::Rows && connection.size);
    if (!known || !std::all_of(rows.begin(), rows.end(), [](const poplar::Tensor &row) { return row.valid(); })) {
      problems_.add("Field ", data.type->name, ".", field.name, " is not connected");
      return;
    }
    bound.fields.push_back({&field, {}});
    if (field.kind == FieldKind::Rows) {
      for (const poplar::Tensor &row : rows) {
        bound.fields.back().rows.push_back(this->row(field, row, bound.tile));
      }
    } else {
      bound.fields.back().rows.push_back(row(field, joined(rows), bound.tile));
    }
  }

  static poplar::Tensor joined(const std::vector<poplar::Tensor> &rows) {
    if (rows.size() == 1) {
      return rows[0].flatten();
    }
    std::vector<poplar::Tensor> flat;
    for (const poplar::Tensor &row : rows) {
      flat.push_back(row.flatten());
    }
    return poplar::concat(flat);
  }

  BoundRow row(const Field &field, const poplar::Tensor &tensor, unsigned tile) const {
    const View &view = tensor.view();
    BoundRow bound{field.type, tensor.numElements(), 0, 0, nullptr, false};
    if (bound.count == 0) {
      return bound;
    }
    bound.variable = view.runs[0].variable;
    bound.begin = view.runs[0].element(0);
    bound.view = std::make_shared<const View>(view);
    const Placement &placement = executable_.placements.at(bound.variable);
    const bool contiguous = view.runs.size() == 1 && view.runs[0].contiguous();
    const auto first = placedAt(placement, bound.begin);
    const bool local = contiguous && first->tile == tile && bound.begin + bound.count <= first->end;
    const bool aligned = (bound.begin - first->begin) * elementBytes(field.type) % std::max(1U, field.align) == 0;
    // A remote input can be read where it is: nobody writes it in the same compute set.
    bound.staged = !contiguous || (local && !aligned) || (!local && field.writes());
    return bound;
  }

  const Executable &executable_;
  Problems &problems_;
};

} // namespace

CompiledSet bindSet(const Executable &executable, unsigned id) {
  Problems problems;
  Binder binder(executable, problems);
  CompiledSet set;
  set.name = executable.graph->computeSets.at(id).name;
  for (const unsigned vertex : executable.graph->computeSets.at(id).vertices) {
    if (auto bound = binder.vertex(vertex)) {
      set.vertices.push_back(std::move(*bound));
    }
  }
  problems.raise<poplar::graph_connection_error>();
  std::stable_sort(set.vertices.begin(), set.vertices.end(),
                   [](const auto &a, const auto &b) { return a.tile < b.tile; });
  for (std::size_t i = 0; i < set.vertices.size(); ++i) {
    if (i == 0 || set.vertices[i].tile != set.vertices[i - 1].tile) {
      set.starts.push_back(i);
    }
    for (const BoundField &field : set.vertices[i].fields) {
      for (const BoundRow &row : field.rows) {
        set.elements += row.count;
      }
    }
  }
  set.starts.push_back(set.vertices.size());
  return set;
}

} // namespace axonc_ipu
