// Rules: in one compute set no element is written by two vertices or fields, or written by one vertex and read by
// another; two vertices of a tile do not write into one 4-byte word.
#include "checks.hpp"
#include "executable.hpp"

#include <algorithm>

namespace axonc_ipu {

namespace {

struct Use {
  unsigned variable;
  std::size_t begin, end;
  std::size_t vertex; // in the set
  const Field *field;
};

// The furthest end of any use so far by one vertex, and by any other.
struct Reach {
  const Use *first = nullptr;
  const Use *other = nullptr;
  void add(const Use &use) {
    if (first == nullptr || first->vertex == use.vertex) {
      first = first == nullptr || use.end > first->end ? &use : first;
    } else if (use.end > first->end) {
      other = first;
      first = &use;
    } else if (other == nullptr || use.end > other->end) {
      other = &use;
    }
  }
  const Use *beyond(const Use &use) const { // somebody else's use that overlaps
    for (const Use *one : {first, other}) {
      if (one != nullptr && one->vertex != use.vertex && one->end > use.begin) {
        return one;
      }
    }
    return nullptr;
  }
};

class Races {
public:
  Races(const Executable &executable, const CompiledSet &set) : executable_(executable), set_(set) {
    for (std::size_t i = 0; i < set.vertices.size(); ++i) {
      for (const BoundField &field : set.vertices[i].fields) {
        for (const BoundRow &row : field.rows) {
          collect(i, field, row);
        }
      }
    }
    std::sort(uses_.begin(), uses_.end(), [](const Use &a, const Use &b) {
      return std::tie(a.variable, a.begin, a.vertex) < std::tie(b.variable, b.begin, b.vertex);
    });
  }

  void check(Problems &problems) const {
    Reach reads;
    const Use *written = nullptr;
    for (std::size_t i = 0; i < uses_.size(); ++i) {
      const Use &use = uses_[i];
      if (i > 0 && uses_[i - 1].variable != use.variable) {
        reads = {};
        written = nullptr;
      }
      const Use *clash = written != nullptr && written->end > use.begin ? written : nullptr;
      if (use.field->writes()) {
        tell(problems, use, clash, "written to");
        tell(problems, use, reads.beyond(use), "read");
        written = written == nullptr || use.end > written->end ? &use : written;
      } else {
        if (clash != nullptr && clash->vertex != use.vertex) {
          tell(problems, *clash, &use, "read");
        }
        reads.add(use);
      }
    }
  }

private:
  void collect(std::size_t vertex, const BoundField &field, const BoundRow &row) {
    if (row.count == 0) {
      return;
    }
    const bool whole = field.field->writes() && !row.staged && elementBytes(row.type) < 4;
    for (const Run &run : row.view->runs) {
      eachInterval(run, [&](unsigned variable, std::size_t begin, std::size_t end) {
        const Use use{variable, begin, end, vertex, field.field};
        uses_.push_back(whole ? words(use, elementBytes(row.type)) : use);
      });
    }
  }

  // Up to the borders of the 4-byte words that are written.
  Use words(Use use, std::size_t bytes) const {
    const auto part = placedAt(executable_.placements.at(use.variable), use.begin);
    const std::size_t grain = 4 / bytes;
    use.begin = part->begin + (use.begin - part->begin) / grain * grain;
    use.end = std::min(part->end, part->begin + (use.end - part->begin + grain - 1) / grain * grain);
    return use;
  }

  void tell(Problems &problems, const Use &writer, const Use *other, const char *how) const {
    if (other == nullptr) {
      return;
    }
    const Variable &variable = executable_.graph->variables.at(writer.variable);
    const char *word = elementBytes(variable.type) < 4 ? " (or other parts of the same 4-byte word)" : "";
    problems.add("Compute set '", set_.name, "': Field ", set_.vertices[writer.vertex].type->name, ".",
                 writer.field->name, " writes to elements [", writer.begin, ":", writer.end, ") of variable '",
                 variable.name, "' that are ", how, word, " elsewhere in same compute set, by ",
                 set_.vertices[other->vertex].type->name, ".", other->field->name, " [", other->begin, ":", other->end,
                 ")");
  }

  const Executable &executable_;
  const CompiledSet &set_;
  std::vector<Use> uses_;
};

} // namespace

void checkRaces(const Executable &executable, const CompiledSet &set) {
  Problems problems;
  Races(executable, set).check(problems);
  problems.raise<poplar::graph_cycle_error>();
}

} // namespace axonc_ipu
