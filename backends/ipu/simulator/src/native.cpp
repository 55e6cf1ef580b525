#include "native.hpp"

#include "costs.hpp"

#include <poplin/codelets.hpp>
#include <popops/codelets.hpp>
#include <poputil/TileMapping.hpp>

namespace axonc_ipu {

NativeSet::NativeSet(poplar::Graph &graph, const std::string &kind, std::vector<NativeField> fields,
                     NativeCompute compute, const poplar::DebugContext &debugContext)
    : graph_(graph), fields_(std::move(fields)), debugContext_(debugContext) {
  const std::string context = debugContext.getPathName();
  set_ = graph.addComputeSet(context.empty() ? kind : context + "/" + kind);
  // Every set has a class of its own: what it computes is not said by its name.
  type_ = kind + "#" + std::to_string(graph.data().classes.size());
  VertexClass type{type_, 0, 1, {}, [compute = std::move(compute)](void *vertex, unsigned /*worker*/) {
                     compute(static_cast<const Span *>(vertex));
                   }};
  for (const NativeField &field : fields_) {
    type.fields.push_back({field.name, 0, 0, FieldKind::Rows, field.direction, field.type, 0, 0, 1});
  }
  addNative(graph, std::move(type));
}

void NativeSet::add(unsigned tile, const std::vector<std::vector<poplar::Tensor>> &rows, std::uint64_t cycles) {
  const poplar::VertexRef vertex = graph_.addVertex(set_, type_);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    graph_.connect(vertex[fields_[i].name], poplar::ArrayRef<poplar::Tensor>(rows[i]));
    if (rows[i].empty()) {
      graph_.setFieldSize(vertex[fields_[i].name], 0);
    }
    for (const poplar::Tensor &row : rows[i]) {
      bytes += row.numElements() * elementBytes(fields_[i].type) * (fields_[i].direction == Direction::InOut ? 2 : 1);
    }
  }
  graph_.setTileMapping(vertex, tile);
  graph_.setPerfEstimate(vertex, LAUNCH_CYCLES + std::max(cycles, bytes / MEMORY_BYTES_PER_CYCLE));
}

void NativeSet::execute(poplar::program::Sequence &program) const {
  program.add(poplar::program::Execute(set_, debugContext_));
}

poplar::Tensor addSpread(poplar::Graph &graph, poplar::Type type, const std::vector<std::size_t> &shape,
                         const poplar::DebugContext &debugContext) {
  poplar::Tensor made = graph.addVariable(type, shape, debugContext);
  poputil::mapTensorLinearly(graph, made);
  return made;
}

double loadDouble(poplar::Type type, const void *from) { return static_cast<double>(loadElement(type, from)); }

double rounded(poplar::Type type, double value) {
  if (type == poplar::HALF) {
    return static_cast<double>(halfValue(halfBits(value)));
  }
  return type == poplar::FLOAT ? static_cast<double>(static_cast<float>(value)) : value;
}

} // namespace axonc_ipu

namespace popops {
void addCodelets(poplar::Graph & /*graph*/) {}
} // namespace popops

namespace poplin {
void addCodelets(poplar::Graph & /*graph*/) {}
} // namespace poplin
