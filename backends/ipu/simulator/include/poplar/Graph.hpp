// Variables, constants, compute sets and vertices, and on which tile each of them is.
#ifndef POPLAR_GRAPH_HPP
#define POPLAR_GRAPH_HPP

#include <iosfwd>
#include <poplar/DataStream.hpp>
#include <poplar/Device.hpp>
#include <poplar/GraphElements.hpp>
#include <poplar/PerfEstimateFunc.hpp>
#include <poplar/Program.hpp>
#include <poplar/Tensor.hpp>
#include <poplar/TensorCloneMethod.hpp>
#include <poplar/VariableMappingMethod.hpp>
#include <poplar/exceptions.hpp>

namespace poplar {

using TileToTensorMapping = std::vector<std::vector<Interval>>;
using replication_factor = unsigned;

enum class CodeletFileType { PreprocessedAsmSource, AsmSource, CSource, CppSource, IrSource, Object, Auto };

template <class T> constexpr bool isSimple = axonc_ipu::ElementOf<T>::value != axonc_ipu::Element::None;
template <> inline constexpr bool isSimple<double> = true;

// What is connected to a field when its vertex is added.
class ConnectionDesc {
public:
  ConnectionDesc(StringRef field, Tensor tensor) : field_(field.str()), tensors_{std::move(tensor)} {}
  ConnectionDesc(StringRef field, ArrayRef<Tensor> tensors)
      : field_(field.str()), tensors_(tensors.vec()), rows_(true) {}
  template <class T, std::enable_if_t<isSimple<T>, int> = 0>
  ConnectionDesc(StringRef field, T value) : field_(field.str()), value_(static_cast<double>(value)), constant_(true) {}
  const std::string &field() const { return field_; }
  const std::vector<Tensor> &tensors() const { return tensors_; }
  double value() const { return value_; }
  bool constant() const { return constant_; }
  bool rows() const { return rows_; }

private:
  std::string field_;
  std::vector<Tensor> tensors_;
  double value_ = 0;
  bool constant_ = false;
  bool rows_ = false;
};

class Graph {
public:
  explicit Graph(const Target &target, replication_factor replication = 1);
  explicit Graph(const Device &device, replication_factor replication = 1);
  Graph(Graph &&) noexcept = default;
  Graph &operator=(Graph &&) noexcept = default;
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;
  ~Graph() = default;

  const Target &getTarget() const;
  replication_factor getReplicationFactor() const { return 1; }
  Graph createVirtualGraph(unsigned numTiles);
  Graph createVirtualGraph(unsigned lowerTile, unsigned upperTile);
  Graph createVirtualGraph(const std::vector<unsigned> &perIpuTiles);
  Graph getTopLevelGraph();

  Tensor addVariable(const Type &type, ArrayRef<std::size_t> shape, const DebugContext &debugContext = {});
  Tensor addVariable(const Type &type, ArrayRef<std::size_t> shape, VariableMappingMethod method,
                     const DebugContext &debugContext = {});
  template <class T>
  Tensor addConstant(const Type &type, ArrayRef<std::size_t> shape, ArrayRef<T> values,
                     const DebugContext &debugContext = {"<const>"}) {
    return addConstantFrom(type, shape, values.data(), values.size(), deviceType<T>(), debugContext);
  }
  template <class T, std::enable_if_t<isSimple<T>, int> = 0>
  Tensor addConstant(const Type &type, ArrayRef<std::size_t> shape, T value,
                     const DebugContext &debugContext = {"<const>"}) {
    return addConstantFrom(type, shape, &value, 1, deviceType<T>(), debugContext);
  }
  template <class T>
  Tensor addConstant(const Type &type, ArrayRef<std::size_t> shape, const T *values,
                     const DebugContext &debugContext = {"<const>"}) {
    std::size_t count = 1;
    for (const std::size_t size : shape) {
      count *= size;
    }
    return addConstantFrom(type, shape, values, count, deviceType<T>(), debugContext);
  }
  Tensor addConstantHalf(const Type &type, ArrayRef<std::size_t> shape, const std::uint16_t *bits,
                         const DebugContext &debugContext = {"<const>"});
  Tensor clone(const Type &type, const Tensor &tensor, const DebugContext &debugContext = {},
               TensorCloneMethod method = TensorCloneMethod::PRESERVE_ORDER_UNLESS_ALIASES);
  Tensor clone(const Tensor &tensor, const DebugContext &debugContext = {},
               TensorCloneMethod method = TensorCloneMethod::PRESERVE_ORDER_UNLESS_ALIASES);
  Tensor cloneN(const Tensor &tensor, std::size_t n, const DebugContext &debugContext = {},
                TensorCloneMethod method = TensorCloneMethod::PRESERVE_ORDER_UNLESS_ALIASES);

  void setTileMapping(const Tensor &tensor, unsigned tile);
  void setTileMapping(const Tensor &tensor, const TileToTensorMapping &mapping);
  void setTileMapping(VertexRef vertex, unsigned tile);
  TileToTensorMapping getTileMapping(const Tensor &tensor, bool requireComplete = true) const;
  TileToTensorMapping getTileMapping(const Tensor &tensor, bool *isComplete) const;
  std::vector<std::vector<Interval>> getSortedContiguousRegions(const Tensor &tensor, ArrayRef<Interval> regions) const;
  void reorderToSimplify(Tensor *tensor, ArrayRef<Tensor *> others, bool requireSimplestOrder = true) const;

  ComputeSet addComputeSet(const DebugContext &debugContext = {});
  VertexRef addVertex(ComputeSet computeSet, StringRef type);
  VertexRef addVertex(ComputeSet computeSet, StringRef type, ArrayRef<ConnectionDesc> connections);
  VertexRef addExternalExchangeVertex(ComputeSet, StringRef, unsigned, bool) = delete;
  void connect(FieldRef field, const Tensor &tensor);
  void connect(FieldRef field, ArrayRef<Tensor> tensors);
  template <class T, std::enable_if_t<isSimple<T>, int> = 0> void connect(FieldRef field, T value) {
    connectConstant(field, static_cast<double>(value));
  }
  void setFieldSize(FieldRef field, std::size_t size);
  template <class T, std::enable_if_t<isSimple<T> || std::is_enum_v<T>, int> = 0>
  void setInitialValue(FieldRef field, T value) {
    const auto exact = static_cast<long double>(value);
    setInitialValues(field, &exact, 1, false);
  }
  template <class T> void setInitialValue(FieldRef field, ArrayRef<T> values) {
    const std::vector<long double> exact(values.begin(), values.end());
    setInitialValues(field, exact.data(), exact.size(), true);
  }
  template <class T> void setInitialValue(const Tensor &tensor, ArrayRef<T> values) {
    setInitialTensor(tensor, values.data(), values.size(), deviceType<T>());
  }
  template <class T, std::enable_if_t<isSimple<T>, int> = 0> void setInitialValue(const Tensor &tensor, T value) {
    setInitialTensor(tensor, &value, 1, deviceType<T>());
  }

  void setPerfEstimate(const VertexRef &vertex, std::uint64_t cycles, std::uint64_t flops = 0);
  void setPerfEstimate(const VertexRef &vertex, VertexPerfEstimate estimate);
  VertexPerfEstimate getPerfEstimate(const VertexRef &vertex) const;
  void registerPerfEstimator(StringRef vertexType, PerfEstimateFunc estimator);

  DataStream addHostToDeviceFIFO(StringRef handle, const Type &type, std::size_t numElements,
                                 ReplicatedStreamMode mode = ReplicatedStreamMode::REPLICATE,
                                 const OptionFlags &options = {});
  DataStream addDeviceToHostFIFO(StringRef handle, const Type &type, std::size_t numElements,
                                 const OptionFlags &options = {});
  RemoteBuffer addRemoteBuffer(StringRef handle, const Type &type, std::size_t numElements, std::size_t repeats = 1,
                               bool rearrangeOnHost = false, bool optimiseMemory = false);
  void createHostWrite(StringRef handle, const Tensor &tensor, bool rearrangeOnHost = false);
  void createHostRead(StringRef handle, const Tensor &tensor, bool rearrangeOnHost = false);

  Function addFunction(const program::Program &program);
  bool addCodelets(StringRef source, CodeletFileType type = CodeletFileType::Auto, StringRef compileFlags = "",
                   StringRef targetName = "");
  bool addCodelets(StringRef source, StringRef compileFlags) {
    return addCodelets(source, CodeletFileType::Auto, compileFlags);
  }
  bool addCodelets(const char *source, const char *compileFlags) {
    return addCodelets(source, CodeletFileType::Auto, compileFlags);
  }
  void addCodelets(ArrayRef<std::string> sources, StringRef compileFlags = "");
  void addCodelets(std::stringstream &source, StringRef compileFlags, std::ostream &compileOutput,
                   CodeletFileType type = CodeletFileType::CppSource, StringRef targetName = "");
  void addCodelets(std::stringstream &source, StringRef compileFlags = "",
                   CodeletFileType type = CodeletFileType::CppSource, StringRef targetName = "");
  bool hasCodelet(StringRef vertexType) const;
  std::size_t getMaxFieldDim(StringRef vertexType, StringRef field, unsigned dimension) const;
  template <class T> double getMaxVertexFieldValue(StringRef vertexType, StringRef field) const {
    return maxFieldValue(vertexType, field);
  }
  void outputComputeGraph(std::ostream &out, ArrayRef<program::Program> programs = {}) const;

  axonc_ipu::GraphData &data() const { return *data_; }                         // of this simulator
  unsigned physicalTile(unsigned tile) const;                                   // of this simulator
  const std::shared_ptr<axonc_ipu::GraphData> &shared() const { return data_; } // of this simulator

private:
  Graph(std::shared_ptr<axonc_ipu::GraphData> data, Target target, std::vector<unsigned> tiles);
  template <class T> static constexpr Type deviceType() {
    return std::is_same_v<T, double> ? Type() : Type(axonc_ipu::ElementOf<T>::value);
  }
  Tensor addConstantFrom(const Type &type, ArrayRef<std::size_t> shape, const void *values, std::size_t count,
                         Type hostType, const DebugContext &debugContext);
  void connectConstant(FieldRef field, double value);
  void setInitialValues(FieldRef field, const long double *values, std::size_t count, bool list);
  void setInitialTensor(const Tensor &tensor, const void *values, std::size_t count, Type hostType);
  double maxFieldValue(StringRef vertexType, StringRef field) const;

  std::shared_ptr<axonc_ipu::GraphData> data_;
  Target target_;
  std::vector<unsigned> tiles_; // physical tile of each tile of a virtual graph; empty: all of the machine
};

void copyFloatToDeviceHalf(const Target &target, const float *source, void *destination, std::size_t count);
void copyDoubleToDeviceHalf(const Target &target, const double *source, void *destination, std::size_t count);
void copyDeviceHalfToFloat(const Target &target, const void *source, float *destination, std::size_t count);
void copyDeviceHalfToDouble(const Target &target, const void *source, double *destination, std::size_t count);

} // namespace poplar

#endif
