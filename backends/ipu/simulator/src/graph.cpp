// Variables, constants, their mapping, streams and handles.
#include "checks.hpp"
#include "graph_data.hpp"
#include "programs.hpp"

#include <cstring>
#include <poputil/TileMapping.hpp>

namespace axonc_ipu {

std::string describe(const poplar::Tensor &tensor) {
  std::ostringstream out;
  std::size_t shown = 0;
  for (const Run &run : tensor.view().runs) {
    if (shown++ == 4) {
      out << ", ...";
      break;
    }
    const auto [first, last] = std::minmax({run.element(0), run.element(run.count - 1)});
    out << (shown == 1 ? "" : ", ") << '\'' << tensor.view().graph->variables[run.variable].name << "'[" << first << ':'
        << last + 1 << ')';
  }
  return out.str();
}

} // namespace axonc_ipu

namespace poplar {

using axonc_ipu::require;
using axonc_ipu::Variable;
using axonc_ipu::View;

namespace {

// Values of the host as elements of a device type.
std::vector<axonc_ipu::Byte> converted(Type type, std::size_t count, const void *values, std::size_t given,
                                       Type hostType) {
  require<graph_object_creation_error>(given == count || given == 1, given, " values for ", count, " elements");
  const std::size_t to = axonc_ipu::elementBytes(type);
  const std::size_t from = hostType == Type() ? sizeof(double) : axonc_ipu::elementBytes(hostType);
  std::vector<axonc_ipu::Byte> made(count * to);
  if (type == hostType && given == count) {
    std::memcpy(made.data(), values, made.size());
    return made;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const auto *value = static_cast<const axonc_ipu::Byte *>(values) + (given == 1 ? 0 : i * from);
    axonc_ipu::storeElement(type, made.data() + i * to, axonc_ipu::loadElement(hostType, value));
  }
  return made;
}

Tensor added(axonc_ipu::GraphData &graph, Variable variable) {
  const auto id = static_cast<unsigned>(graph.variables.size());
  View view{&graph, variable.type, variable.shape, {}};
  if (variable.count > 0) {
    view.append({id, 0, 0, 1, variable.count});
  }
  graph.variables.push_back(std::move(variable));
  return Tensor(std::make_shared<const View>(std::move(view)));
}

Variable described(Type type, ArrayRef<std::size_t> shape, const DebugContext &context, bool constant,
                   std::size_t number) {
  require<graph_object_creation_error>(axonc_ipu::elementBytes(type) > 0, "a tensor without an element type");
  const std::string given = context.getPathName();
  const std::string name = given.empty() ? axonc_ipu::text("<anonymous ", number, ">") : given;
  return {name, context, type, shape.vec(), axonc_ipu::product(shape.vec()), constant, {}, {}, {}};
}

} // namespace

Graph::Graph(const Target &target, replication_factor replication)
    : Graph(std::make_shared<axonc_ipu::GraphData>(target), target, {}) {
  require<graph_object_creation_error>(replication == 1, "this simulator has no replicated graphs");
}
Graph::Graph(const Device &device, replication_factor replication) : Graph(device.getTarget(), replication) {}
Graph::Graph(std::shared_ptr<axonc_ipu::GraphData> data, Target target, std::vector<unsigned> tiles)
    : data_(std::move(data)), target_(std::move(target)), tiles_(std::move(tiles)) {}

const Target &Graph::getTarget() const { return target_; }

unsigned Graph::physicalTile(unsigned tile) const {
  const std::size_t limit = tiles_.empty() ? target_.getNumTiles() : tiles_.size();
  require<invalid_tile_mapping>(tile < limit, "tile ", tile, " of a graph of ", limit, " tiles");
  return tiles_.empty() ? tile : tiles_[tile];
}

Graph Graph::createVirtualGraph(unsigned numTiles) { return createVirtualGraph(0, numTiles); }

Graph Graph::createVirtualGraph(unsigned lowerTile, unsigned upperTile) {
  std::vector<unsigned> tiles;
  for (unsigned tile = lowerTile; tile < upperTile; ++tile) {
    tiles.push_back(tile);
  }
  return createVirtualGraph(tiles);
}

Graph Graph::createVirtualGraph(const std::vector<unsigned> &perIpuTiles) {
  require<graph_object_creation_error>(!perIpuTiles.empty(), "a virtual graph without tiles");
  std::vector<unsigned> tiles;
  for (const unsigned tile : perIpuTiles) {
    tiles.push_back(physicalTile(tile));
  }
  const auto count = static_cast<unsigned>(tiles.size());
  const Target whole = data_->target;
  const unsigned ipus = count % whole.getTilesPerIPU() == 0 ? count / whole.getTilesPerIPU() : 1;
  Target part = whole.getTargetType() == TargetType::CPU
                    ? Target::createCPUTarget(true, count)
                    : Target::createIPUTarget(ipus, count / ipus, whole.getTargetSystemString());
  return {data_, part, tiles};
}

Graph Graph::getTopLevelGraph() { return {data_, data_->target, {}}; }

Tensor Graph::addVariable(const Type &type, ArrayRef<std::size_t> shape, const DebugContext &debugContext) {
  return added(*data_, described(type, shape, debugContext, false, data_->variables.size()));
}

Tensor Graph::addVariable(const Type &type, ArrayRef<std::size_t> shape, VariableMappingMethod method,
                          const DebugContext &debugContext) {
  Tensor tensor = addVariable(type, shape, debugContext);
  if (method == VariableMappingMethod::LINEAR) {
    poputil::mapTensorLinearly(*this, tensor);
  }
  return tensor;
}

Tensor Graph::addConstantFrom(const Type &type, ArrayRef<std::size_t> shape, const void *values, std::size_t count,
                              Type hostType, const DebugContext &debugContext) {
  Variable variable = described(type, shape, debugContext, true, data_->variables.size());
  variable.initial = converted(type, variable.count, values, count, hostType);
  variable.initialised.add(0, variable.count);
  return added(*data_, std::move(variable));
}

Tensor Graph::addConstantHalf(const Type &type, ArrayRef<std::size_t> shape, const std::uint16_t *bits,
                              const DebugContext &debugContext) {
  require<type_error>(type == HALF, "addConstantHalf of type ", type);
  return addConstantFrom(type, shape, bits, axonc_ipu::product(shape.vec()), HALF, debugContext);
}

void Graph::setInitialTensor(const Tensor &tensor, const void *values, std::size_t count, Type hostType) {
  const View &view = tensor.view();
  const std::size_t bytes = axonc_ipu::elementBytes(view.type);
  const auto elements = converted(view.type, tensor.numElements(), values, count, hostType);
  for (const axonc_ipu::Run &run : view.runs) {
    Variable &variable = data_->variables[run.variable];
    require<graph_object_creation_error>(!variable.constant, "an initial value of the constant '", variable.name, "'");
    variable.initial.resize(variable.count * bytes);
    const std::size_t step = run.contiguous() ? run.count : 1;
    for (std::size_t i = 0; i < run.count; i += step) {
      const axonc_ipu::Byte *from = elements.data() + (run.at + i) * bytes;
      std::memcpy(variable.initial.data() + run.element(i) * bytes, from, step * bytes);
      variable.initialised.add(run.element(i), run.element(i) + step);
    }
  }
}

Tensor Graph::clone(const Type &type, const Tensor &tensor, const DebugContext &debugContext,
                    TensorCloneMethod /*method*/) {
  Tensor copy = addVariable(type, tensor.shape(), debugContext);
  const Tensor flat = copy.flatten();
  for (const axonc_ipu::Run &run : tensor.view().runs) {
    const auto placement = data_->variables[run.variable].tiles.placed();
    if (placement.empty() || placement.back().end < data_->variables[run.variable].count) {
      continue; // an original without a mapping has a copy without one
    }
    axonc_ipu::eachTile(run, 0, run.count, placement, [&](unsigned tile, std::size_t first, std::size_t count) {
      data_->variables.back().tiles.set(run.at + first, run.at + first + count, tile);
    });
  }
  return copy;
}

Tensor Graph::clone(const Tensor &tensor, const DebugContext &debugContext, TensorCloneMethod method) {
  return clone(tensor.elementType(), tensor, debugContext, method);
}

Tensor Graph::cloneN(const Tensor &tensor, std::size_t n, const DebugContext &debugContext, TensorCloneMethod method) {
  const Tensor wide = tensor.expand({0}).broadcast(static_cast<unsigned>(n), 0);
  return clone(wide, debugContext, method);
}

void Graph::setTileMapping(const Tensor &tensor, unsigned tile) {
  const unsigned physical = physicalTile(tile);
  for (const axonc_ipu::Run &run : tensor.view().runs) {
    axonc_ipu::eachInterval(run, [&](unsigned variable, std::size_t begin, std::size_t end) {
      data_->variables[variable].tiles.set(begin, end, physical);
    });
  }
}

void Graph::setTileMapping(const Tensor &tensor, const TileToTensorMapping &mapping) {
  for (unsigned tile = 0; tile < mapping.size(); ++tile) {
    if (!mapping[tile].empty()) {
      setTileMapping(axonc_ipu::select(tensor, mapping[tile]), tile);
    }
  }
}

TileToTensorMapping Graph::getTileMapping(const Tensor &tensor, bool requireComplete) const {
  bool complete = true;
  TileToTensorMapping mapping = getTileMapping(tensor, &complete);
  require<invalid_tile_mapping>(complete || !requireComplete, "tensor ", tensor, " is not completely mapped");
  return mapping;
}

TileToTensorMapping Graph::getTileMapping(const Tensor &tensor, bool *isComplete) const {
  std::map<unsigned, unsigned> own;
  for (unsigned i = 0; i < tiles_.size(); ++i) {
    own[tiles_[i]] = i;
  }
  TileToTensorMapping mapping(target_.getNumTiles());
  std::map<unsigned, axonc_ipu::Placement> placements;
  std::size_t found = 0;
  for (const axonc_ipu::Run &run : tensor.view().runs) {
    auto known = placements.find(run.variable);
    if (known == placements.end()) {
      axonc_ipu::Placement covered;
      std::size_t next = 0;
      for (const axonc_ipu::Placed &part : data_->variables[run.variable].tiles.placed()) {
        if (part.begin > next) {
          covered.push_back({next, part.begin, ~0U});
        }
        covered.push_back(part);
        next = part.end;
      }
      covered.push_back({next, data_->variables[run.variable].count + 1, ~0U});
      known = placements.emplace(run.variable, std::move(covered)).first;
    }
    axonc_ipu::eachTile(run, 0, run.count, known->second, [&](unsigned tile, std::size_t first, std::size_t count) {
      const auto place = own.find(tile);
      if (tile == ~0U || (!own.empty() && place == own.end())) {
        return;
      }
      auto &intervals = mapping.at(own.empty() ? tile : place->second);
      const std::size_t begin = run.at + first;
      found += count;
      if (!intervals.empty() && intervals.back().end() == begin) {
        intervals.back() = {intervals.back().begin(), begin + count};
      } else {
        intervals.emplace_back(begin, begin + count);
      }
    });
  }
  if (isComplete != nullptr) {
    *isComplete = found == tensor.numElements();
  }
  return mapping;
}

std::vector<std::vector<Interval>> Graph::getSortedContiguousRegions(const Tensor &tensor,
                                                                     ArrayRef<Interval> regions) const {
  struct Part {
    unsigned variable;
    std::size_t place;
    Interval interval;
  };
  std::vector<Part> parts;
  for (const Interval &region : regions) {
    const Tensor part = axonc_ipu::select(tensor.flatten(), {region});
    for (const Interval &piece : part.getContiguousRegions()) {
      const axonc_ipu::Run &run = part.view().runs[part.view().runAt(piece.begin())];
      parts.push_back({run.variable,
                       run.element(piece.begin() - run.at),
                       {region.begin() + piece.begin(), region.begin() + piece.end()}});
    }
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part &a, const Part &b) { return std::tie(a.variable, a.place) < std::tie(b.variable, b.place); });
  std::vector<std::vector<Interval>> groups;
  const Part *last = nullptr;
  for (const Part &part : parts) {
    const bool follows =
        last != nullptr && last->variable == part.variable && last->place + last->interval.size() == part.place;
    if (!follows) {
      groups.emplace_back();
    }
    groups.back().push_back(part.interval);
    last = &part;
  }
  return groups;
}

void Graph::reorderToSimplify(Tensor *tensor, ArrayRef<Tensor *> others, bool /*requireSimplestOrder*/) const {
  const auto groups = getSortedContiguousRegions(*tensor, {Interval(0, tensor->numElements())});
  std::vector<Interval> order;
  for (const auto &group : groups) {
    order.insert(order.end(), group.begin(), group.end());
  }
  *tensor = axonc_ipu::select(tensor->flatten(), order);
  for (Tensor *other : others) {
    *other = axonc_ipu::select(other->flatten(), order);
  }
}

namespace {

template <class T> void unique(const std::vector<T> &known, const std::string &handle) {
  for (const T &one : known) {
    require<graph_object_creation_error>(one.handle() != handle, "handle '", handle, "' is in use");
  }
}

DataStream addStream(axonc_ipu::GraphData &graph, StringRef handle, Type type, std::size_t count, DataStreamType kind) {
  unique(graph.streams, handle.str());
  graph.streams.emplace_back(static_cast<unsigned>(graph.streams.size()), handle.str(), type, count, kind);
  return graph.streams.back();
}

void addHandle(axonc_ipu::GraphData &graph, StringRef handle, const Tensor &tensor, bool write) {
  require<graph_object_creation_error>(!write || tensor.isParallelWriteable(), "host write '", handle,
                                       "' to a tensor with constant or repeated elements: ", tensor);
  // One handle serves a read and a write of the same tensor.
  const std::string key = (write ? "w:" : "r:") + handle.str();
  require<graph_object_creation_error>(graph.hostHandles.count(key) == 0, "handle '", handle, "' is in use");
  graph.hostHandles[key] = {tensor, write};
}

} // namespace

DataStream Graph::addHostToDeviceFIFO(StringRef handle, const Type &type, std::size_t numElements,
                                      ReplicatedStreamMode /*mode*/, const OptionFlags & /*options*/) {
  return addStream(*data_, handle, type, numElements, DataStreamType::HostToDeviceFIFO);
}

DataStream Graph::addDeviceToHostFIFO(StringRef handle, const Type &type, std::size_t numElements,
                                      const OptionFlags & /*options*/) {
  return addStream(*data_, handle, type, numElements, DataStreamType::DeviceToHostFIFO);
}

RemoteBuffer Graph::addRemoteBuffer(StringRef handle, const Type &type, std::size_t numElements, std::size_t repeats,
                                    bool /*rearrangeOnHost*/, bool /*optimiseMemory*/) {
  require<graph_object_creation_error>(repeats > 0 && numElements > 0, "remote buffer '", handle, "' without elements");
  unique(data_->remoteBuffers, handle.str());
  data_->remoteBuffers.emplace_back(static_cast<unsigned>(data_->remoteBuffers.size()), handle.str(), type, numElements,
                                    repeats);
  return data_->remoteBuffers.back();
}

void Graph::createHostWrite(StringRef handle, const Tensor &tensor, bool /*rearrangeOnHost*/) {
  addHandle(*data_, handle, tensor, true);
}

void Graph::createHostRead(StringRef handle, const Tensor &tensor, bool /*rearrangeOnHost*/) {
  addHandle(*data_, handle, tensor, false);
}

Function Graph::addFunction(const program::Program &program) {
  data_->functions.push_back(axonc_ipu::nodeOf(program));
  return Function(static_cast<unsigned>(data_->functions.size()) - 1);
}

void copyFloatToDeviceHalf(const Target & /*target*/, const float *source, void *destination, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    axonc_ipu::storeElement(HALF, static_cast<axonc_ipu::Byte *>(destination) + 2 * i,
                            static_cast<long double>(source[i]));
  }
}

void copyDoubleToDeviceHalf(const Target & /*target*/, const double *source, void *destination, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    axonc_ipu::storeElement(HALF, static_cast<axonc_ipu::Byte *>(destination) + 2 * i,
                            static_cast<long double>(source[i]));
  }
}

void copyDeviceHalfToFloat(const Target & /*target*/, const void *source, float *destination, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    destination[i] =
        static_cast<float>(axonc_ipu::loadElement(HALF, static_cast<const axonc_ipu::Byte *>(source) + 2 * i));
  }
}

void copyDeviceHalfToDouble(const Target & /*target*/, const void *source, double *destination, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    destination[i] =
        static_cast<double>(axonc_ipu::loadElement(HALF, static_cast<const axonc_ipu::Byte *>(source) + 2 * i));
  }
}

} // namespace poplar
