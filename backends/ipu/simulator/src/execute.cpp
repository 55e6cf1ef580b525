// One superstep: every vertex of a compute set, tiles in any order.
// A vertex works in place where its elements lie side by side on its own tile, else on a copy. Nobody else reads or
// writes what it writes (races.cpp), so that results can be stored at once.
#include "checks.hpp"
#include "machine.hpp"

#include <cstring>
#include <exception>
#include <mutex>

namespace axonc_ipu {

namespace {

struct Change {
  unsigned variable;
  std::size_t begin, end;
  bool defined;
};

// What one tile found out about undefined data; applied after the superstep.
struct Findings {
  std::vector<Change> changes;
  std::map<std::string, std::size_t> reads;
  void add(unsigned variable, std::size_t element, bool defined) {
    if (!changes.empty()) {
      Change &last = changes.back();
      if (last.variable == variable && last.end == element && last.defined == defined) {
        ++last.end;
        return;
      }
    }
    changes.push_back({variable, element, element + 1, defined});
  }
};

// Memory for the copies that one vertex works on.
class Arena {
public:
  Byte *take(std::size_t bytes) {
    const std::size_t words = bytes / sizeof(std::max_align_t) + 1;
    blocks_.push_back(std::make_unique<std::max_align_t[]>(words));
    return reinterpret_cast<Byte *>(blocks_.back().get());
  }

private:
  std::vector<std::unique_ptr<std::max_align_t[]>> blocks_;
};

class VertexRun {
public:
  VertexRun(const BoundVertex &vertex, Byte *object, const Memory &memory, Findings &findings)
      : vertex_(vertex), object_(object), memory_(memory), findings_(findings) {}

  void run() {
    for (const BoundField &field : vertex_.fields) {
      fill(field);
    }
    for (unsigned worker = 0; worker < vertex_.type->workers; ++worker) {
      vertex_.type->compute(object_, worker);
    }
    std::size_t copy = 0;
    for (const BoundField &field : vertex_.fields) {
      for (const BoundRow &row : field.rows) {
        const Byte *copied = row.staged ? copies_[copy++] : nullptr;
        if (field.field->writes() && row.count > 0) {
          store(*field.field, row, copied);
        }
      }
    }
  }

private:
  void fill(const BoundField &field) {
    Byte *place = object_ + field.field->offset;
    if (field.field->kind != FieldKind::Rows) {
      const Span span = spanOf(*field.field, field.rows[0]);
      std::memcpy(place, &span, sizeof span);
      return;
    }
    auto *spans = reinterpret_cast<Span *>(arena_.take(field.rows.size() * sizeof(Span)));
    for (std::size_t i = 0; i < field.rows.size(); ++i) {
      spans[i] = spanOf(*field.field, field.rows[i]);
    }
    const Span list{spans, field.rows.size()};
    std::memcpy(place, &list, sizeof list);
  }

  Span spanOf(const Field &field, const BoundRow &row) {
    if (row.count == 0) {
      return {nullptr, 0};
    }
    if (field.direction != Direction::Output) {
      if (const std::size_t undefined = memory_.countUndefined(*row.view); undefined > 0) {
        findings_.reads[vertex_.type->name + "." + field.name] += undefined;
      }
    }
    if (!row.staged) {
      return {memory_.of(row.variable).at(row.begin), row.count};
    }
    Byte *copied = arena_.take(row.count * elementBytes(row.type));
    copies_.push_back(copied);
    if (field.direction == Direction::Output) {
      poison(row.type, copied, row.count);
    } else {
      memory_.gather(*row.view, copied);
    }
    return {copied, row.count};
  }

  // Elements that still hold the pattern were not written.
  void store(const Field &field, const BoundRow &row, const Byte *copied) {
    const std::size_t bytes = elementBytes(row.type);
    if (copied != nullptr) {
      memory_.scatter(copied, *row.view);
    }
    const bool fresh = copied != nullptr && field.direction == Direction::Output;
    for (const Run &run : row.view->runs) {
      const IntervalSet &undefined = memory_.of(run.variable).undefined;
      for (std::size_t i = 0; i < run.count && (fresh || !undefined.empty()); ++i) {
        const std::size_t element = run.element(i);
        const bool before = !undefined.empty() && undefined.intersects(element, element + 1);
        if (!fresh && !before) {
          continue;
        }
        const Byte *value = copied != nullptr ? copied + (run.at + i) * bytes : memory_.at(run, i);
        const bool defined = !isPoison(row.type, value);
        if (defined == before) {
          findings_.add(run.variable, element, defined);
        }
      }
    }
  }

  const BoundVertex &vertex_;
  Byte *object_;
  const Memory &memory_;
  Findings &findings_;
  Arena arena_;
  std::vector<Byte *> copies_;
};

} // namespace

void Machine::execute(const CompiledSet &set, StepCost &cost) {
  const std::size_t tiles = set.starts.size() - 1;
  std::vector<Findings> findings(tiles);
  std::mutex mutex;
  std::exception_ptr failure;
  parallel(tiles, set.elements, [&](std::size_t tile) {
    try {
      for (std::size_t i = set.starts[tile]; i < set.starts[tile + 1]; ++i) {
        const BoundVertex &vertex = set.vertices[i];
        VertexRun(vertex, objects[vertex.id].data(), memory, findings[tile]).run();
      }
    } catch (...) {
      const std::lock_guard<std::mutex> lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) {
    std::rethrow_exception(failure);
  }
  for (const Findings &found : findings) {
    for (const Change &change : found.changes) {
      memory.setDefined(change.variable, change.begin, change.end, change.defined);
    }
    for (const auto &[what, elements] : found.reads) {
      cost.undefinedReads += elements;
      reportUndefined(*this, "vertex field " + what + " in compute set '" + set.name + "'", elements, Undefined::All);
    }
  }
}

} // namespace axonc_ipu
