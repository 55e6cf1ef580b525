// Which parts of the programs move data or compute: each is one step of the accounts.
#include "checks.hpp"
#include "executable.hpp"
#include "tile_map.hpp"

#include <map>
#include <set>

namespace axonc_ipu {

namespace {

constexpr std::size_t MOST_REMOTE_BYTES = std::size_t{128} << 20;

class Collector {
public:
  explicit Collector(Executable &executable) : executable_(executable) {}

  void visit(const NodePtr &node) {
    std::visit(
        Overloaded{
            [&](const SequenceNode &n) { each(n.parts); },
            [&](const ExecuteNode &n) { step(node, "execute", executable_.graph->computeSets.at(n.computeSet).name); },
            [&](const CopyNode &) { step(node, "copy", node->name); },
            [&](const StreamNode &n) { step(node, "host", executable_.graph->streams.at(n.stream).handle()); },
            [&](const RemoteNode &n) { remote(node, n); },
            [&](const RepeatNode &n) { visit(n.body); },
            [&](const WhileNode &n) { each({n.condition, n.body}); },
            [&](const IfNode &n) { each({n.yes, n.no}); },
            [&](const SwitchNode &n) {
              for (const auto &one : n.cases) {
                visit(one.second);
              }
              visit(n.otherwise);
            },
            [&](const CallNode &n) { call(n.function); },
            [](const auto &) {},
        },
        node->what);
  }

private:
  void each(const std::vector<NodePtr> &nodes) {
    for (const NodePtr &node : nodes) {
      visit(node);
    }
  }

  void step(const NodePtr &node, const char *kind, const std::string &name) {
    if (executable_.stepOf.emplace(node.get(), executable_.steps.size()).second) {
      StepCost cost;
      cost.name = name.empty() ? node->name : name;
      cost.kind = kind;
      executable_.steps.push_back(cost);
      executable_.order.push_back(node.get());
    }
  }

  void remote(const NodePtr &node, const RemoteNode &remote) {
    const auto &buffer = executable_.graph->remoteBuffers.at(remote.buffer);
    const std::size_t bytes = remote.tensor.numElements() * elementBytes(buffer.elementType());
    require<poplar::stream_memory_allocation_error>(bytes <= MOST_REMOTE_BYTES, "a transfer of ", bytes,
                                                    " bytes with remote buffer '", buffer.handle(), "'; the limit is ",
                                                    MOST_REMOTE_BYTES);
    for (const Run &run : remote.tensor.view().runs) {
      eachTile(run, 0, run.count, executable_.placements.at(run.variable),
               [&](unsigned tile, std::size_t, std::size_t) { ofOneChip(remote.buffer, buffer.handle(), tile); });
    }
    step(node, "remote", buffer.handle());
  }

  // A remote buffer belongs to the chip that uses it.
  void ofOneChip(unsigned number, const std::string &handle, unsigned tile) {
    const unsigned chip = tile / executable_.graph->target.getTilesPerIPU();
    const unsigned first = chipOf_.emplace(number, chip).first->second;
    require<poplar::graph_program_compilation_error>(chip == first, "remote buffer '", handle, "' of IPU ", first,
                                                     " is used by IPU ", chip);
  }

  void call(unsigned function) {
    require<poplar::graph_recursion_error>(active_.insert(function).second, "function ", function, " calls itself");
    visit(executable_.graph->functions.at(function));
    active_.erase(function);
  }

  Executable &executable_;
  std::set<unsigned> active_;
  std::map<unsigned, unsigned> chipOf_; // of each remote buffer
};

} // namespace

void collectSteps(Executable &executable) {
  Collector collector(executable);
  for (const NodePtr &program : executable.programs) {
    collector.visit(program);
  }
}

} // namespace axonc_ipu
