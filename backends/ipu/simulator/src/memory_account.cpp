// Rule: what is in a tile's memory at once fits it.
// A variable is always live if the host or several programs use it, or if a program reads elements of it before it has
// certainly written them; else it is live from its first use to its last. One that is used before and inside a loop is
// live to the loop's end.
#include "checks.hpp"
#include "executable.hpp"

#include <algorithm>

namespace axonc_ipu {

namespace {

struct Lifetime {
  std::size_t first = ~std::size_t{0};
  std::size_t last = 0;
  std::size_t program = ~std::size_t{0};
  bool always = false;
  bool used() const { return first <= last; }
};

class Walk {
public:
  explicit Walk(const Executable &executable)
      : executable_(executable), lifetimes(executable.graph->variables.size()), written_(lifetimes.size()) {
    for (std::size_t i = 0; i < lifetimes.size(); ++i) {
      lifetimes[i].always = executable.graph->variables[i].constant || !executable.graph->variables[i].initial.empty();
    }
    for (const auto &[name, handle] : executable.graph->hostHandles) {
      for (const Run &run : handle.tensor.view().runs) {
        lifetimes[run.variable].always = true;
      }
    }
    for (program_ = 0; program_ < executable.programs.size(); ++program_) {
      visit(executable.programs[program_]);
      std::fill(written_.begin(), written_.end(), IntervalSet());
    }
    for (Lifetime &one : lifetimes) {
      for (const auto &[begin, end] : loops_) {
        if (one.used() && one.first < begin && one.last >= begin && one.last < end) {
          one.last = end - 1;
        }
      }
    }
  }

private:
  const Executable &executable_;

public:
  std::vector<Lifetime> lifetimes;
  std::vector<const Node *> positions; // the step at each position

private:
  void visit(const NodePtr &node) {
    std::visit(Overloaded{
                   [&](const SequenceNode &n) {
                     for (const NodePtr &part : n.parts) {
                       visit(part);
                     }
                   },
                   [&](const ExecuteNode &n) { execute(executable_.sets.at(n.computeSet)); },
                   [&](const CopyNode &n) { read(n.source), write(n.destination); },
                   [&](const StreamNode &n) { n.toDevice ? write(n.tensor) : read(n.tensor); },
                   [&](const RemoteNode &n) { remote(n); },
                   [&](const RepeatNode &n) { loop(n.body, n.count > 0); },
                   [&](const WhileNode &n) { whileLoop(n); },
                   [&](const IfNode &n) { read(n.predicate), branch({n.yes, n.no}); },
                   [&](const SwitchNode &n) { choose(n); },
                   [&](const CallNode &n) { call(n.function); },
                   [&](const PrintNode &n) { read(n.tensor); },
                   [&](const AbortNode &n) {
                     if (n.predicate) {
                       read(*n.predicate);
                     }
                   },
                   [&](const CounterNode &n) { write(n.count); },
                   [](const UndefNode &) {},
                   [](const SyncNode &) {},
               },
               node->what);
    const auto step = executable_.stepOf.find(node.get());
    if (step != executable_.stepOf.end()) {
      positions.push_back(node.get());
    }
  }

  void use(unsigned variable) {
    Lifetime &one = lifetimes[variable];
    one.always = one.always || (one.program != ~std::size_t{0} && one.program != program_);
    one.program = program_;
    one.first = std::min(one.first, positions.size());
    one.last = std::max(one.last, positions.size());
  }

  template <class F> void each(const View &view, F &&visit) {
    for (const Run &run : view.runs) {
      use(run.variable);
      if (!lifetimes[run.variable].always) {
        eachInterval(run, visit);
      }
    }
  }

  void read(const View &view) {
    each(view, [&](unsigned variable, std::size_t begin, std::size_t end) {
      std::size_t known = 0;
      written_[variable].within(begin, end, [&](std::size_t b, std::size_t e) { known += e - b; });
      lifetimes[variable].always = lifetimes[variable].always || known < end - begin;
    });
  }
  void read(const poplar::Tensor &tensor) { read(tensor.view()); }

  void write(const View &view) {
    each(view, [&](unsigned variable, std::size_t begin, std::size_t end) {
      if (uncertain_ == 0) {
        written_[variable].add(begin, end);
      }
    });
  }
  void write(const poplar::Tensor &tensor) { write(tensor.view()); }

  void execute(const CompiledSet &set) {
    for (const bool writing : {false, true}) {
      for (const BoundVertex &vertex : set.vertices) {
        for (const BoundField &field : vertex.fields) {
          for (const BoundRow &row : field.rows) {
            if (row.view && !writing && field.field->direction != Direction::Output) {
              read(*row.view);
            } else if (row.view && writing && field.field->writes()) {
              write(*row.view);
            }
          }
        }
      }
    }
  }

  void remote(const RemoteNode &n) {
    if (n.rows) {
      read(*n.rows);
    }
    n.toDevice ? write(n.tensor) : read(n.tensor);
  }

  void loop(const NodePtr &body, bool certain) {
    const std::size_t begin = positions.size();
    uncertain_ += certain ? 0 : 1;
    visit(body);
    uncertain_ -= certain ? 0 : 1;
    loops_.emplace_back(begin, positions.size());
  }

  void whileLoop(const WhileNode &n) {
    const std::size_t begin = positions.size();
    visit(n.condition);
    read(n.predicate);
    loop(n.body, false);
    loops_.emplace_back(begin, positions.size());
  }

  // What a branch writes is not certainly written.
  void branch(const std::vector<NodePtr> &bodies) {
    ++uncertain_;
    for (const NodePtr &body : bodies) {
      visit(body);
    }
    --uncertain_;
  }

  void choose(const SwitchNode &n) {
    read(n.control);
    std::vector<NodePtr> bodies{n.otherwise};
    for (const auto &one : n.cases) {
      bodies.push_back(one.second);
    }
    branch(bodies);
  }

  void call(unsigned function) {
    // A function's variables are live at each of its calls: taken as one stretch.
    visit(executable_.graph->functions.at(function));
  }

  std::vector<IntervalSet> written_;
  std::vector<std::pair<std::size_t, std::size_t>> loops_;
  std::size_t program_ = 0;
  unsigned uncertain_ = 0;
};

// Bytes of a pointer field by layout: full pointer and size, packed pointer and size, pointer, scaled pointers.
std::size_t pointerBytes(int layout) {
  switch (static_cast<poplar::VectorLayout>(layout)) {
  case poplar::VectorLayout::SPAN:
    return 8;
  case poplar::VectorLayout::SHORT_SPAN:
  case poplar::VectorLayout::ONE_PTR:
    return 4;
  default:
    return 2;
  }
}

std::size_t listBytes(const Field &field, std::size_t rows) {
  if (field.listLayout >= 0) {
    return pointerBytes(field.listLayout) + rows * pointerBytes(field.layout);
  }
  const auto layout = static_cast<poplar::VectorListLayout>(-1 - field.listLayout);
  const bool compact = layout == poplar::VectorListLayout::COMPACT_DELTAN;
  return 8 + rows * (compact ? 2 : 4);
}

void addVertex(const GraphData &graph, const BoundVertex &vertex, TileMemory &tile) {
  const VertexData &data = graph.vertices.at(vertex.id);
  tile.vertexState += 4; // its place in the list of the compute set
  for (std::size_t i = 0; i < data.type->fields.size(); ++i) {
    const Field &field = data.type->fields[i];
    const std::size_t rows = data.connections[i].rows.size();
    switch (field.kind) {
    case FieldKind::Value:
      tile.vertexState +=
          std::min<std::size_t>(field.bytes, field.type == poplar::LONG || field.type == poplar::UNSIGNED_LONG ? 4 : 8);
      break;
    case FieldKind::State:
      tile.vertexState += data.connections[i].state.size();
      tile.edgePointers += pointerBytes(field.layout);
      break;
    case FieldKind::Scalar:
      tile.edgePointers += 4;
      break;
    case FieldKind::Row:
      tile.edgePointers += pointerBytes(field.layout);
      break;
    case FieldKind::Rows:
      tile.edgePointers += listBytes(field, rows);
      break;
    }
  }
}

// Bytes of each variable on each tile.
void eachTileBytes(const Executable &executable, std::size_t variable,
                   const std::function<void(unsigned, std::size_t)> &visit) {
  const std::size_t bytes = elementBytes(executable.graph->variables[variable].type);
  for (const Placed &part : executable.placements[variable]) {
    visit(part.tile, ((part.end - part.begin) * bytes + 3) / 4 * 4); // whole words
  }
}

// The course of temporary bytes over the positions.
void follow(Executable &executable, const Walk &walk) {
  std::vector<std::vector<std::size_t>> born(walk.positions.size() + 1);
  std::vector<std::vector<std::size_t>> dying(walk.positions.size() + 1);
  for (std::size_t i = 0; i < walk.lifetimes.size(); ++i) {
    const Lifetime &one = walk.lifetimes[i];
    if (!one.always && one.used()) {
      born[std::min(one.first, walk.positions.size())].push_back(i);
      dying[std::min(one.last, walk.positions.size())].push_back(i);
    }
  }
  std::vector<std::size_t> live(executable.tiles.size(), 0);
  std::size_t sum = 0;
  for (std::size_t position = 0; position < born.size(); ++position) {
    for (const std::size_t variable : born[position]) {
      eachTileBytes(executable, variable, [&](unsigned tile, std::size_t bytes) {
        live[tile] += bytes;
        sum += bytes;
        executable.tiles[tile].peakTemporary = std::max(executable.tiles[tile].peakTemporary, live[tile]);
      });
    }
    std::size_t buffers = 0;
    std::size_t largest = live.empty() ? 0 : *std::max_element(live.begin(), live.end());
    if (position < walk.positions.size()) {
      for (const auto &[tile, bytes] : executable.steps[executable.stepOf.at(walk.positions[position])].temporaries) {
        buffers += bytes;
        largest = std::max(largest, live[tile] + bytes);
        executable.tiles[tile].peakTemporary = std::max(executable.tiles[tile].peakTemporary, live[tile] + bytes);
      }
      executable.liveness.push_back({executable.stepOf.at(walk.positions[position]), largest, sum + buffers});
    }
    for (const std::size_t variable : dying[position]) {
      eachTileBytes(executable, variable, [&](unsigned tile, std::size_t bytes) {
        live[tile] -= bytes;
        sum -= bytes;
      });
    }
  }
}

} // namespace

void accountMemory(Executable &executable) {
  executable.tiles.assign(executable.graph->target.getNumTiles(), {});
  const Walk walk(executable);
  for (std::size_t i = 0; i < walk.lifetimes.size(); ++i) {
    eachTileBytes(executable, i, [&](unsigned tile, std::size_t bytes) {
      TileMemory &memory = executable.tiles[tile];
      (executable.graph->variables[i].constant ? memory.constants : memory.variables) += bytes;
      memory.alwaysLive += walk.lifetimes[i].always ? bytes : 0;
    });
  }
  for (const auto &[id, set] : executable.sets) {
    for (const BoundVertex &vertex : set.vertices) {
      addVertex(*executable.graph, vertex, executable.tiles[vertex.tile]);
    }
  }
  for (const StepCost &step : executable.steps) {
    for (const auto &[tile, bytes] : step.exchangeCode) {
      executable.tiles[tile].exchangeCode += bytes;
    }
  }
  follow(executable, walk);
}

void checkMemory(const Executable &executable) {
  Problems problems;
  const std::size_t limit = executable.graph->target.getBytesPerTile();
  for (std::size_t tile = 0; tile < executable.tiles.size(); ++tile) {
    if (executable.tiles[tile].total() > limit) {
      problems.add(problems.empty() ? "Out of memory: Cannot fit all variable data onto one or more tiles\n" : "",
                   "tile ", tile, ": ", executable.tiles[tile].total(), " bytes of ", limit);
    }
  }
  if (!executable.options.allowOutOfMemory) {
    problems.raise<poplar::graph_memory_allocation_error>();
  }
}

} // namespace axonc_ipu
