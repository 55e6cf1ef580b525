// Vertices that are part of this library, for the operations of popops and poplin.
#ifndef AXONC_IPU_NATIVE_HPP
#define AXONC_IPU_NATIVE_HPP

#include "graph_data.hpp"

namespace axonc_ipu {

// A field of rows; in the vertex it is a Span of Spans.
struct NativeField {
  std::string name;
  poplar::Type type;
  Direction direction;
};

// The fields of a native vertex while it runs.
using NativeRows = const Span *; // [field], each a list of Spans
inline Span rowOf(NativeRows fields, std::size_t field, std::size_t row) { return fields[field].as<Span>()[row]; }
inline std::size_t rowsOf(NativeRows fields, std::size_t field) { return fields[field].size; }

using NativeCompute = std::function<void(NativeRows fields)>;

// One kind of native vertex, in a compute set of its own.
class NativeSet {
public:
  NativeSet(poplar::Graph &graph, const std::string &kind, std::vector<NativeField> fields, NativeCompute compute,
            const poplar::DebugContext &debugContext);
  // A vertex on a tile with the rows of each field; the cycles are those of its loads and stores at 8 bytes a cycle, or
  // `cycles` if that is more.
  void add(unsigned tile, const std::vector<std::vector<poplar::Tensor>> &rows, std::uint64_t cycles = 0);
  void execute(poplar::program::Sequence &program) const;

private:
  poplar::Graph &graph_;
  std::string type_;
  std::vector<NativeField> fields_;
  poplar::ComputeSet set_;
  poplar::DebugContext debugContext_;
};

// A tensor of a shape, spread over the tiles.
poplar::Tensor addSpread(poplar::Graph &graph, poplar::Type type, const std::vector<std::size_t> &shape,
                         const poplar::DebugContext &debugContext);

// Values of one type while they are computed with: doubles or 64-bit integers, rounded or wrapped after each operation.
double loadDouble(poplar::Type type, const void *from);
double rounded(poplar::Type type, double value);

} // namespace axonc_ipu

#endif
