#include "programs.hpp"

#include "checks.hpp"
#include "graph_data.hpp"

#include <poplar/CycleCount.hpp>

namespace axonc_ipu {

NodePtr nodeOf(const poplar::program::Program &program) {
  return program.node() ? program.node() : std::make_shared<Node>(Node{"", SequenceNode{}});
}

namespace {

template <class W> NodePtr made(const poplar::DebugContext &context, W what) {
  return std::make_shared<Node>(Node{context.getPathName(), std::move(what)});
}

void checkCount(const char *what, const std::string &handle, std::size_t expected, poplar::Type type,
                const poplar::Tensor &tensor) {
  require<poplar::graph_program_compilation_error>(tensor.numElements() == expected && tensor.elementType() == type,
                                                   "size or type mismatch: ", what, " '", handle, "' of ", expected,
                                                   " elements of type ", type, " and tensor ", tensor);
}

StreamNode stream(const poplar::DataStream &stream, const poplar::Tensor &tensor, bool toDevice) {
  checkCount("stream", stream.handle(), stream.numElements(), stream.elementType(), tensor);
  const bool forDevice = stream.type() == poplar::DataStreamType::HostToDeviceFIFO;
  require<poplar::graph_program_compilation_error>(forDevice == toDevice, "stream '", stream.handle(),
                                                   "' goes the other way");
  return {stream.getId(), tensor, toDevice};
}

RemoteNode remote(const poplar::RemoteBuffer &buffer, const poplar::Tensor &tensor, std::optional<poplar::Tensor> rows,
                  bool toDevice) {
  const std::size_t count = rows ? rows->numElements() : 1;
  checkCount("remote buffer", buffer.handle(), buffer.numElements() * count, buffer.elementType(), tensor);
  const bool integer = !rows || rows->elementType() == poplar::INT || rows->elementType() == poplar::UNSIGNED_INT;
  require<poplar::type_error>(integer, "the offset into a remote buffer must be INT or UNSIGNED_INT");
  return {buffer.getId(), tensor, std::move(rows), toDevice};
}

void writable(const poplar::Tensor &tensor) {
  require<poplar::graph_program_compilation_error>(!tensor.containsConstant(), "a program writes to the constant ",
                                                   tensor);
  require<poplar::graph_program_compilation_error>(!tensor.containsAliases(),
                                                   "a program writes to repeated elements of ", tensor);
}

const poplar::Tensor &scalar(const poplar::Tensor &tensor) {
  require<poplar::control_program_error>(tensor.numElements() == 1 && !isFloating(tensor.elementType()),
                                         "a predicate must be one BOOL or integer element, not ", tensor);
  return tensor;
}

} // namespace
} // namespace axonc_ipu

namespace poplar {
namespace program {

using namespace axonc_ipu;

bool Program::isEmpty() const {
  const auto *sequence = node_ ? std::get_if<SequenceNode>(&node_->what) : nullptr;
  return !node_ || (sequence != nullptr && sequence->parts.empty());
}

Sequence::Sequence(const DebugContext &debugContext) : Program(made(debugContext, SequenceNode{})) {}
Sequence::Sequence(std::initializer_list<Program> programs, const DebugContext &debugContext) : Sequence(debugContext) {
  for (const Program &program : programs) {
    add(program);
  }
}
Sequence::Sequence(const std::vector<Program> &programs, const DebugContext &debugContext) : Sequence(debugContext) {
  for (const Program &program : programs) {
    add(program);
  }
}
// A program is a value: what is added to a copy does not change the original.
Sequence::Sequence(const Sequence &other) : Program(std::make_shared<Node>(*other.node_)) {}
Sequence &Sequence::operator=(const Sequence &other) {
  node_ = std::make_shared<Node>(*other.node_);
  return *this;
}

namespace {

std::vector<NodePtr> &partsOf(std::shared_ptr<Node> &node) {
  if (node.use_count() > 1) {
    node = std::make_shared<Node>(*node);
  }
  return std::get<SequenceNode>(node->what).parts;
}

} // namespace

void Sequence::add(const Program &program) {
  const NodePtr part = nodeOf(program);
  partsOf(node_).push_back(part);
}

void Sequence::add_front(const Program &program) {
  const NodePtr part = nodeOf(program);
  auto &parts = partsOf(node_);
  parts.insert(parts.begin(), part);
}

Execute::Execute(ComputeSet computeSet, const DebugContext &debugContext)
    : Program(made(debugContext, ExecuteNode{computeSet.getId()})) {}
Execute::Execute(ComputeSet /*computeSet*/, Tensor outPredicate, const DebugContext & /*debugContext*/) {
  throw graph_program_compilation_error(
      text("this simulator has no Execute with an exit predicate (", outPredicate, ")"));
}

Copy::Copy(Tensor source, Tensor destination, bool /*dontOutline*/, const DebugContext &debugContext)
    : Program(made(debugContext, CopyNode{source, destination})) {
  require<graph_program_compilation_error>(source.numElements() == destination.numElements() &&
                                               source.elementType() == destination.elementType(),
                                           "size or type mismatch: Copy of ", source, " to ", destination);
  writable(destination);
}
Copy::Copy(const DataStream &from, Tensor destination, bool /*optimiseMemory*/, const DebugContext &debugContext)
    : Program(made(debugContext, stream(from, destination, true))) {
  writable(destination);
}
Copy::Copy(Tensor source, const DataStream &to, bool /*optimiseMemory*/, const DebugContext &debugContext)
    : Program(made(debugContext, stream(to, source, false))) {}
Copy::Copy(const RemoteBuffer &buffer, Tensor destination, const DebugContext &debugContext)
    : Program(made(debugContext, remote(buffer, destination, std::nullopt, true))) {
  writable(destination);
}
Copy::Copy(const RemoteBuffer &buffer, Tensor destination, Tensor offset, const DebugContext &debugContext)
    : Program(made(debugContext, remote(buffer, destination, offset, true))) {
  writable(destination);
}
Copy::Copy(Tensor source, const RemoteBuffer &buffer, const DebugContext &debugContext)
    : Program(made(debugContext, remote(buffer, source, std::nullopt, false))) {}
Copy::Copy(Tensor source, const RemoteBuffer &buffer, Tensor offset, const DebugContext &debugContext)
    : Program(made(debugContext, remote(buffer, source, offset, false))) {}

Repeat::Repeat(unsigned count, const Program &program, const DebugContext &debugContext)
    : Program(made(debugContext, RepeatNode{count, nodeOf(program)})) {}
RepeatWhileTrue::RepeatWhileTrue(const Program &cond, Tensor predicate, const Program &body,
                                 const DebugContext &debugContext)
    : Program(made(debugContext, WhileNode{nodeOf(cond), scalar(predicate), nodeOf(body), true})) {}
RepeatWhileFalse::RepeatWhileFalse(const Program &cond, Tensor predicate, const Program &body,
                                   const DebugContext &debugContext)
    : Program(made(debugContext, WhileNode{nodeOf(cond), scalar(predicate), nodeOf(body), false})) {}
If::If(Tensor predicate, const Program &trueBody, const Program &falseBody, const DebugContext &debugContext)
    : Program(made(debugContext, IfNode{scalar(predicate), nodeOf(trueBody), nodeOf(falseBody)})) {}

namespace {

SwitchNode switched(const Tensor &control, const std::vector<std::pair<std::int32_t, Program>> &cases,
                    const Program &otherwise, bool checked) {
  SwitchNode node{scalar(control), {}, nodeOf(otherwise), checked};
  for (const auto &[value, body] : cases) {
    node.cases.emplace_back(value, nodeOf(body));
  }
  return node;
}

} // namespace

Switch::Switch(Tensor control, const std::vector<std::pair<std::int32_t, Program>> &cases, const Program &defaultCase,
               const DebugContext &debugContext)
    : Program(made(debugContext, switched(control, cases, defaultCase, false))) {}
Switch::Switch(Tensor control, const std::vector<std::pair<std::int32_t, Program>> &cases,
               const DebugContext &debugContext)
    : Switch(control, cases, Sequence(), debugContext) {}
Switch Switch::switchWithBoundsChecking(Tensor control, const std::vector<std::pair<std::int32_t, Program>> &cases,
                                        const DebugContext &debugContext) {
  Switch checked(control, cases, debugContext);
  std::get<SwitchNode>(checked.node_->what).checked = true;
  return checked;
}
Switch &Switch::add(std::int32_t value, const Program &body) {
  node_ = std::make_shared<Node>(*node_);
  std::get<SwitchNode>(node_->what).cases.emplace_back(value, nodeOf(body));
  return *this;
}

Call::Call(Function function, const DebugContext &debugContext)
    : Program(made(debugContext, CallNode{function.getId()})) {}
Sync::Sync(SyncType /*type*/, const DebugContext &debugContext) : Program(made(debugContext, SyncNode{})) {}
PrintTensor::PrintTensor(Tensor tensor, const DebugContext &debugContext)
    : PrintTensor(StringRef(debugContext.getPathName()), tensor, debugContext) {}
PrintTensor::PrintTensor(StringRef title, Tensor tensor, const DebugContext &debugContext)
    : Program(made(debugContext, PrintNode{title.empty() ? tensor.getDebugStr() : title.str(), tensor})) {}
WriteUndef::WriteUndef(Tensor tensor, const DebugContext &debugContext)
    : Program(made(debugContext, UndefNode{tensor})) {
  writable(tensor);
}
AbortOnCondition::AbortOnCondition(Tensor predicate, std::string message, const DebugContext &debugContext)
    : Program(made(debugContext, AbortNode{scalar(predicate), std::move(message)})) {}
Abort::Abort(const DebugContext &debugContext) : Abort(std::string(), debugContext) {}
Abort::Abort(std::string message, const DebugContext &debugContext)
    : Program(made(debugContext, AbortNode{std::nullopt, std::move(message)})) {}
AssumeEqualAcrossReplicas::AssumeEqualAcrossReplicas(Tensor /*tensor*/, const DebugContext &debugContext)
    : Program(made(debugContext, SyncNode{})) {}
CrossReplicaCopy::CrossReplicaCopy(Tensor source, Tensor destination,
                                   const std::vector<std::pair<unsigned, unsigned>> & /*replicaMap*/,
                                   const DebugContext &debugContext)
    : Program(made(debugContext, CopyNode{source, destination})) {}

namespace {

class Counter : public Program {
public:
  Counter(bool start, const Tensor &count) : Program(made({}, CounterNode{start, count})) {}
};

} // namespace
} // namespace program

Tensor cycleCount(Graph &graph, program::Sequence &program, unsigned tile, SyncType /*syncType*/,
                  const DebugContext &name) {
  Tensor count = graph.addVariable(UNSIGNED_INT, {2}, name);
  graph.setTileMapping(count, tile);
  program.add_front(program::Counter(true, count));
  program.add(program::Counter(false, count));
  return count;
}

} // namespace poplar
