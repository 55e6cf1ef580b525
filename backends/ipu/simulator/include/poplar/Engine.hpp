// Runs control programs of a graph, superstep by superstep.
#ifndef POPLAR_ENGINE_HPP
#define POPLAR_ENGINE_HPP

#include <functional>
#include <iosfwd>
#include <memory>
#include <poplar/Device.hpp>
#include <poplar/Graph.hpp>
#include <poplar/OptionFlags.hpp>
#include <poplar/Program.hpp>
#include <poplar/StreamCallback.hpp>

namespace axonc_ipu {
struct Executable;
struct Machine;
} // namespace axonc_ipu

namespace poplar {

using ProgressFunc = std::function<void(int, int)>;

// A checked graph with its programs; making one reports what is wrong with them.
class Executable {
public:
  explicit Executable(std::shared_ptr<axonc_ipu::Executable> content) : content_(std::move(content)) {}
  const std::shared_ptr<axonc_ipu::Executable> &content() const { return content_; }

private:
  std::shared_ptr<axonc_ipu::Executable> content_;
};

Executable compileGraph(const Graph &graph, ArrayRef<program::Program> programs, const OptionFlags &options = {},
                        const ProgressFunc &progress = {}, const DebugContext &debugContext = {});

class Engine {
public:
  Engine(const Graph &graph, ArrayRef<program::Program> programs, const OptionFlags &options = {},
         const ProgressFunc &progress = {}, const DebugContext &debugContext = {});
  Engine(const Graph &graph, const program::Program &program, const OptionFlags &options = {},
         const ProgressFunc &progress = {}, const DebugContext &debugContext = {});
  explicit Engine(Executable executable, const OptionFlags &options = {});
  Engine(Engine &&) noexcept;
  ~Engine();

  void load(const Device &device);
  void prepare(const Device &device) { load(device); }
  void deploy() {}
  void run(unsigned program = 0, const std::string &debugName = "");
  void loadAndRun(const Device &device, unsigned program = 0);

  void connectStream(StringRef handle, void *begin, void *end);
  void connectStream(StringRef handle, void *begin);
  void connectStream(const DataStream &stream, void *begin, void *end) { connectStream(stream.handle(), begin, end); }
  void connectStream(const DataStream &stream, void *begin) { connectStream(stream.handle(), begin); }
  void connectStreamToCallback(StringRef handle, std::unique_ptr<StreamCallback> callback);
  void connectStreamToCallback(StringRef handle, unsigned replica, std::unique_ptr<StreamCallback> callback);
  void connectStreamToCallback(StringRef handle, std::function<void(void *)> callback);
  void writeTensor(StringRef handle, const void *begin, const void *end);
  void writeTensor(StringRef handle, const void *begin);
  void readTensor(StringRef handle, void *begin, void *end);
  void readTensor(StringRef handle, void *begin);
  void copyToRemoteBuffer(const void *source, std::string handle, std::uint64_t repeatIndex, unsigned replica = 0);
  void copyFromRemoteBuffer(std::string handle, void *destination, std::uint64_t repeatIndex, unsigned replica = 0);

  void setPrintStream(std::ostream &stream);
  void setPrintTensorStream(std::ostream &stream) { setPrintStream(stream); }
  void enableExecutionProfiling();
  void disableExecutionProfiling();
  void resetExecutionProfile();
  void printProfileSummary(std::ostream &out, const OptionFlags &options = {});
  void writeReport(std::ostream &out) const; // of this simulator: the accounts as JSON

private:
  std::shared_ptr<axonc_ipu::Executable> executable_;
  std::unique_ptr<axonc_ipu::Machine> machine_;
};

} // namespace poplar

#endif
