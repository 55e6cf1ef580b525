// The public face of Machine.
#include "checks.hpp"
#include "machine.hpp"

#include <cstring>
#include <poplar/Engine.hpp>

namespace poplar {

using axonc_ipu::Byte;
using axonc_ipu::Machine;
using axonc_ipu::require;

namespace {

// A callback that is a plain function.
class FunctionCallback : public StreamCallback {
public:
  explicit FunctionCallback(std::function<void(void *)> function) : function_(std::move(function)) {}
  Result prefetch(void * /*buffer*/) override { return Result::NotAvailable; }
  void fetch(void *buffer) override { function_(buffer); }
  void complete() override {}

private:
  std::function<void(void *)> function_;
};

axonc_ipu::StreamEnd &streamNamed(Machine &machine, StringRef handle) {
  for (const DataStream &stream : machine.executable->graph->streams) {
    if (stream.handle() == handle) {
      return machine.streams[handle.str()];
    }
  }
  throw stream_connection_error("there is no stream '" + handle.str() + "'");
}

const Tensor &handleNamed(const Machine &machine, const std::string &handle, bool write) {
  const auto &handles = machine.executable->graph->hostHandles;
  const auto found = handles.find((write ? "w:" : "r:") + handle);
  require<stream_connection_error>(found != handles.end(), "there is no host ", write ? "write" : "read", " '", handle,
                                   "'");
  require<poplar::runtime_error>(machine.loaded, "the engine is not loaded on a device");
  return found->second.tensor;
}

void checkBytes(const Tensor &tensor, const std::string &handle, const void *begin, const void *end) {
  const auto given = static_cast<std::size_t>(static_cast<const Byte *>(end) - static_cast<const Byte *>(begin));
  const std::size_t needed = tensor.numElements() * axonc_ipu::elementBytes(tensor.elementType());
  require<tensor_io_state_error>(given == needed, "size mismatch: handle '", handle, "' needs ", needed,
                                 " bytes, the buffer has ", given);
}

const void *after(const Tensor &tensor, const void *begin) {
  return static_cast<const Byte *>(begin) + tensor.numElements() * axonc_ipu::elementBytes(tensor.elementType());
}

std::pair<Byte *, std::size_t> remoteRow(Machine &machine, const std::string &handle, std::uint64_t row) {
  for (const RemoteBuffer &buffer : machine.executable->graph->remoteBuffers) {
    if (buffer.handle() == handle) {
      require<index_error>(row < buffer.getRepeats(), "row ", row, " of remote buffer '", handle, "' that has ",
                           buffer.getRepeats());
      const std::size_t bytes = buffer.numElements() * axonc_ipu::elementBytes(buffer.elementType());
      return {machine.remoteBuffers[buffer.getId()].data() + row * bytes, bytes};
    }
  }
  throw stream_connection_error("there is no remote buffer '" + handle + "'");
}

} // namespace

Executable compileGraph(const Graph &graph, ArrayRef<program::Program> programs, const OptionFlags &options,
                        const ProgressFunc & /*progress*/, const DebugContext & /*debugContext*/) {
  std::vector<axonc_ipu::NodePtr> nodes;
  for (const program::Program &program : programs) {
    nodes.push_back(axonc_ipu::nodeOf(program));
  }
  return Executable(axonc_ipu::compile(graph, nodes, axonc_ipu::optionsFrom(options)));
}

Engine::Engine(Executable executable, const OptionFlags & /*options*/)
    : executable_(executable.content()), machine_(std::make_unique<Machine>(executable_)) {
  machine_->saveReport(); // of memory above all: it is wanted most when the next check fails
  axonc_ipu::checkMemory(*executable_);
}

Engine::Engine(const Graph &graph, ArrayRef<program::Program> programs, const OptionFlags &options,
               const ProgressFunc &progress, const DebugContext &debugContext)
    : Engine(compileGraph(graph, programs, options, progress, debugContext)) {}

Engine::Engine(const Graph &graph, const program::Program &program, const OptionFlags &options,
               const ProgressFunc &progress, const DebugContext &debugContext)
    : Engine(graph, ArrayRef<program::Program>(&program, 1), options, progress, debugContext) {}

Engine::Engine(Engine &&) noexcept = default;

Engine::~Engine() {
  if (machine_) {
    machine_->saveReport();
  }
}

void Engine::load(const Device &device) {
  const Target &wanted = executable_->graph->target;
  require<graph_object_load_error>(device.getTarget().getNumTiles() == wanted.getNumTiles(), "the graph was made for ",
                                   wanted.getNumTiles(), " tiles, the device has ", device.getTarget().getNumTiles());
  machine_->loaded = true;
}

void Engine::run(unsigned program, const std::string & /*debugName*/) { machine_->run(program); }

void Engine::loadAndRun(const Device &device, unsigned program) {
  load(device);
  run(program);
}

void Engine::connectStream(StringRef handle, void *begin, void *end) {
  auto *first = static_cast<Byte *>(begin);
  streamNamed(*machine_, handle) = {first, static_cast<Byte *>(end), first, nullptr};
}

void Engine::connectStream(StringRef handle, void *begin) { connectStream(handle, begin, nullptr); }

void Engine::connectStreamToCallback(StringRef handle, std::unique_ptr<StreamCallback> callback) {
  streamNamed(*machine_, handle) = {nullptr, nullptr, nullptr, std::move(callback)};
}

void Engine::connectStreamToCallback(StringRef handle, unsigned /*replica*/, std::unique_ptr<StreamCallback> callback) {
  connectStreamToCallback(handle, std::move(callback));
}

void Engine::connectStreamToCallback(StringRef handle, std::function<void(void *)> callback) {
  connectStreamToCallback(handle, std::make_unique<FunctionCallback>(std::move(callback)));
}

void Engine::writeTensor(StringRef handle, const void *begin, const void *end) {
  const Tensor &tensor = handleNamed(*machine_, handle.str(), true);
  checkBytes(tensor, handle.str(), begin, end);
  machine_->memory.scatter(static_cast<const Byte *>(begin), tensor.view());
  machine_->memory.setDefined(tensor.view());
}

void Engine::writeTensor(StringRef handle, const void *begin) {
  writeTensor(handle, begin, after(handleNamed(*machine_, handle.str(), true), begin));
}

void Engine::readTensor(StringRef handle, void *begin, void *end) {
  const Tensor &tensor = handleNamed(*machine_, handle.str(), false);
  checkBytes(tensor, handle.str(), begin, end);
  axonc_ipu::reportUndefined(*machine_, "host read '" + handle.str() + "'",
                             machine_->memory.countUndefined(tensor.view()), axonc_ipu::Undefined::Host);
  machine_->memory.gather(tensor.view(), static_cast<Byte *>(begin));
}

void Engine::readTensor(StringRef handle, void *begin) {
  const Tensor &tensor = handleNamed(*machine_, handle.str(), false);
  const std::size_t bytes = tensor.numElements() * axonc_ipu::elementBytes(tensor.elementType());
  readTensor(handle, begin, static_cast<Byte *>(begin) + bytes);
}

void Engine::copyToRemoteBuffer(const void *source, std::string handle, std::uint64_t repeatIndex,
                                unsigned /*replica*/) {
  const auto [row, bytes] = remoteRow(*machine_, handle, repeatIndex);
  std::memcpy(row, source, bytes);
}

void Engine::copyFromRemoteBuffer(std::string handle, void *destination, std::uint64_t repeatIndex,
                                  unsigned /*replica*/) {
  const auto [row, bytes] = remoteRow(*machine_, handle, repeatIndex);
  std::memcpy(destination, row, bytes);
}

void Engine::setPrintStream(std::ostream &stream) { machine_->printTo = &stream; }
void Engine::enableExecutionProfiling() {}
void Engine::disableExecutionProfiling() {}

void Engine::resetExecutionProfile() {
  machine_->cycles = 0;
  machine_->steps = executable_->steps;
}

void Engine::printProfileSummary(std::ostream &out, const OptionFlags & /*options*/) {
  const auto &tiles = executable_->tiles;
  std::size_t largest = 0;
  for (const auto &tile : tiles) {
    largest = std::max(largest, tile.total());
  }
  out << "Target: " << executable_->graph->target.getTargetSystemString() << ", " << tiles.size() << " tiles\n"
      << "Memory of the fullest tile: " << largest << " of " << executable_->graph->target.getBytesPerTile()
      << " bytes\n"
      << "Estimated cycles: " << machine_->cycles << '\n';
  for (const auto &step : machine_->steps) {
    out << "  " << step.kind << " '" << step.name << "': " << step.executions << " x (compute " << step.computeCycles
        << ", exchange " << step.exchangeCycles << ", sync " << step.syncCycles << " cycles)\n";
  }
}

void Engine::writeReport(std::ostream &out) const { machine_->writeReport(out); }

} // namespace poplar
