// Control programs as data.
#ifndef AXONC_IPU_PROGRAMS_HPP
#define AXONC_IPU_PROGRAMS_HPP

#include <optional>
#include <poplar/Program.hpp>
#include <variant>

namespace axonc_ipu {

struct Node;
using NodePtr = std::shared_ptr<Node>;

struct SequenceNode {
  std::vector<NodePtr> parts;
};
struct ExecuteNode {
  unsigned computeSet;
};
struct CopyNode {
  poplar::Tensor source, destination;
};
struct StreamNode {
  unsigned stream;
  poplar::Tensor tensor;
  bool toDevice;
};
struct RemoteNode {
  unsigned buffer;
  poplar::Tensor tensor;
  std::optional<poplar::Tensor> rows;
  bool toDevice;
};
struct RepeatNode {
  unsigned count;
  NodePtr body;
};
struct WhileNode {
  NodePtr condition;
  poplar::Tensor predicate;
  NodePtr body;
  bool expected;
};
struct IfNode {
  poplar::Tensor predicate;
  NodePtr yes, no;
};
struct SwitchNode {
  poplar::Tensor control;
  std::vector<std::pair<std::int32_t, NodePtr>> cases;
  NodePtr otherwise;
  bool checked;
};
struct CallNode {
  unsigned function;
};
struct SyncNode {};
struct PrintNode {
  std::string title;
  poplar::Tensor tensor;
};
struct UndefNode {
  poplar::Tensor tensor;
};
struct AbortNode {
  std::optional<poplar::Tensor> predicate;
  std::string message;
};
struct CounterNode {
  bool start;
  poplar::Tensor count;
};

struct Node {
  std::string name;
  std::variant<SequenceNode, ExecuteNode, CopyNode, StreamNode, RemoteNode, RepeatNode, WhileNode, IfNode, SwitchNode,
               CallNode, SyncNode, PrintNode, UndefNode, AbortNode, CounterNode>
      what;
};

// The node of a program; an empty program is an empty sequence.
NodePtr nodeOf(const poplar::program::Program &program);

// std::visit with one lambda for each kind of node.
template <class... F> struct Overloaded : F... {
  using F::operator()...;
};
template <class... F> Overloaded(F...) -> Overloaded<F...>;

} // namespace axonc_ipu

#endif
