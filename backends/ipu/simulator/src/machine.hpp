// A device while it runs: its memory, its streams, and what has been counted.
#ifndef AXONC_IPU_MACHINE_HPP
#define AXONC_IPU_MACHINE_HPP

#include "executable.hpp"

#include <atomic>
#include <cstdlib>
#include <poplar/StreamCallback.hpp>

namespace axonc_ipu {

// The elements of one variable, and which of them nobody has written.
struct Storage {
  std::unique_ptr<Byte, decltype(&std::free)> data{nullptr, &std::free};
  std::size_t elementBytes = 0;
  IntervalSet undefined;
  Byte *at(std::size_t element) const { return data.get() + element * elementBytes; }
};

class Memory {
public:
  explicit Memory(const GraphData &graph);
  const Storage &of(unsigned variable) const { return storages_[variable]; }
  Byte *at(const Run &run, std::size_t i) const { return storages_[run.variable].at(run.element(i)); }
  void gather(const View &view, Byte *to) const;
  void scatter(const Byte *from, const View &view) const;
  void copy(const View &source, const View &destination);
  // Elements of a view that nobody has written; 0 at once if there are none anywhere.
  std::size_t countUndefined(const View &view) const;
  void setDefined(const View &view);
  void setUndefined(const View &view); // writes the pattern, too
  void setDefined(unsigned variable, std::size_t begin, std::size_t end, bool defined);
  long double scalar(const poplar::Tensor &tensor) const;

private:
  struct Stretch {
    unsigned variable;
    std::size_t begin, end;
  };
  std::vector<Stretch> undefinedAfter(const View &source, const View &destination) const;
  std::vector<Storage> storages_;
  std::size_t withUndefined_ = 0; // variables that have undefined elements
};

// Runs f(0), ..., f(count - 1), in threads if that pays.
void parallel(std::size_t count, std::size_t work, const std::function<void(std::size_t)> &f);

struct StreamEnd {
  Byte *begin = nullptr;
  Byte *end = nullptr; // nullptr: the same buffer each time
  Byte *next = nullptr;
  std::shared_ptr<poplar::StreamCallback> callback;
};

struct Machine {
  explicit Machine(std::shared_ptr<Executable> what);
  void run(unsigned program);
  void visit(const NodePtr &node);
  void writeReport(std::ostream &out) const;
  void saveReport() const;

  std::shared_ptr<Executable> executable;
  Memory memory;
  std::vector<std::vector<Byte>> objects; // of each vertex
  std::vector<StepCost> steps;
  std::map<std::string, StreamEnd> streams;
  std::vector<std::vector<Byte>> remoteBuffers;
  std::map<std::string, std::uint64_t> undefinedReads; // what -> elements
  std::ostream *printTo;
  std::uint64_t cycles = 0;
  std::uint64_t runs = 0;
  bool loaded = false;
  std::uint64_t counterStart = 0;

private:
  void execute(const CompiledSet &set, StepCost &cost);
  void transfer(const StreamNode &node);
  void transfer(const RemoteNode &node);
  void choose(const SwitchNode &node);
  void repeat(const WhileNode &node);
  void counter(const CounterNode &node);
  void print(const PrintNode &node);
  void abort(const AbortNode &node);
  long double control(const poplar::Tensor &tensor);
};

// Counts a use of undefined data and throws where that is asked for.
void reportUndefined(Machine &machine, const std::string &what, std::size_t elements, Undefined since);
std::string formatted(const poplar::Tensor &tensor, const Memory &memory);

} // namespace axonc_ipu

#endif
