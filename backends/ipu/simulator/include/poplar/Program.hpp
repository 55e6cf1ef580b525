// Control programs: what happens in which order. A program is a value; it shares its parts.
#ifndef POPLAR_PROGRAM_HPP
#define POPLAR_PROGRAM_HPP

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <poplar/DataStream.hpp>
#include <poplar/GraphElements.hpp>
#include <poplar/SyncType.hpp>
#include <poplar/Tensor.hpp>
#include <utility>
#include <vector>

namespace axonc_ipu {
struct Node;
}

namespace poplar {
class Graph;
namespace program {

class Program {
public:
  Program() = default;
  bool isEmpty() const;
  const std::shared_ptr<axonc_ipu::Node> &node() const { return node_; } // of this simulator

protected:
  explicit Program(std::shared_ptr<axonc_ipu::Node> node) : node_(std::move(node)) {}
  std::shared_ptr<axonc_ipu::Node> node_;
};

class Sequence : public Program {
public:
  Sequence(const DebugContext &debugContext = {});
  Sequence(const char *name) : Sequence(DebugContext(name)) {}
  Sequence(std::initializer_list<Program> programs, const DebugContext &debugContext = {});
  explicit Sequence(const std::vector<Program> &programs, const DebugContext &debugContext = {});
  template <class... P, class = std::enable_if_t<(std::is_base_of_v<Program, P> && ...)>>
  Sequence(const Program &first, const Program &second, const P &...rest) : Sequence({first, second, rest...}) {}
  Sequence(const Sequence &other);
  Sequence &operator=(const Sequence &other);
  Sequence(Sequence &&) noexcept = default;
  Sequence &operator=(Sequence &&) noexcept = default;
  void add(const Program &program);
  void add_back(const Program &program) { add(program); }
  void add_front(const Program &program);
};

class Execute : public Program {
public:
  Execute(ComputeSet computeSet, const DebugContext &debugContext = {});
  Execute(ComputeSet computeSet, Tensor outPredicate, const DebugContext &debugContext = {});
};

class Copy : public Program {
public:
  Copy(Tensor source, Tensor destination, bool dontOutline = false, const DebugContext &debugContext = {});
  Copy(const DataStream &stream, Tensor destination, bool optimiseMemory = false,
       const DebugContext &debugContext = {});
  Copy(Tensor source, const DataStream &stream, bool optimiseMemory = false, const DebugContext &debugContext = {});
  Copy(const RemoteBuffer &buffer, Tensor destination, const DebugContext &debugContext = {});
  Copy(const RemoteBuffer &buffer, Tensor destination, Tensor offset, const DebugContext &debugContext = {});
  Copy(Tensor source, const RemoteBuffer &buffer, const DebugContext &debugContext = {});
  Copy(Tensor source, const RemoteBuffer &buffer, Tensor offset, const DebugContext &debugContext = {});
};

class Repeat : public Program {
public:
  Repeat(unsigned count, const Program &program, const DebugContext &debugContext = {});
};

class RepeatWhileTrue : public Program {
public:
  RepeatWhileTrue(const Program &cond, Tensor predicate, const Program &body, const DebugContext &debugContext = {});
};

class RepeatWhileFalse : public Program {
public:
  RepeatWhileFalse(const Program &cond, Tensor predicate, const Program &body, const DebugContext &debugContext = {});
};

class If : public Program {
public:
  If(Tensor predicate, const Program &trueBody, const Program &falseBody, const DebugContext &debugContext = {});
};

class Switch : public Program {
public:
  Switch(Tensor control, const std::vector<std::pair<std::int32_t, Program>> &cases, const Program &defaultCase,
         const DebugContext &debugContext = {});
  Switch(Tensor control, const std::vector<std::pair<std::int32_t, Program>> &cases,
         const DebugContext &debugContext = {});
  static Switch switchWithBoundsChecking(Tensor control, const std::vector<std::pair<std::int32_t, Program>> &cases,
                                         const DebugContext &debugContext = {});
  Switch &add(std::int32_t value, const Program &body);
};

class Call : public Program {
public:
  Call(Function function, const DebugContext &debugContext = {});
};

class Sync : public Program {
public:
  explicit Sync(SyncType type, const DebugContext &debugContext = {});
};

class PrintTensor : public Program {
public:
  PrintTensor(Tensor tensor, const DebugContext &debugContext = {});
  PrintTensor(StringRef title, Tensor tensor, const DebugContext &debugContext = {});
};

class WriteUndef : public Program {
public:
  WriteUndef(Tensor tensor, const DebugContext &debugContext = {});
};

class AbortOnCondition : public Program {
public:
  AbortOnCondition(Tensor predicate, std::string message = "", const DebugContext &debugContext = {});
};

class Abort : public Program {
public:
  explicit Abort(const DebugContext &debugContext = {});
  Abort(std::string message, const DebugContext &debugContext = {});
  Abort(const char *message, const DebugContext &debugContext = {}) : Abort(std::string(message), debugContext) {}
};

class AssumeEqualAcrossReplicas : public Program {
public:
  AssumeEqualAcrossReplicas(Tensor tensor, const DebugContext &debugContext = {});
};

// Between replicas there is nothing to do while there is only one.
class CrossReplicaCopy : public Program {
public:
  CrossReplicaCopy(Tensor source, Tensor destination, const std::vector<std::pair<unsigned, unsigned>> &replicaMap,
                   const DebugContext &debugContext = {});
};

} // namespace program
} // namespace poplar

#endif
