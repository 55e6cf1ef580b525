// A graph that was found right, with everything that running it needs.
#ifndef AXONC_IPU_EXECUTABLE_HPP
#define AXONC_IPU_EXECUTABLE_HPP

#include "costs.hpp"
#include "graph_data.hpp"
#include "programs.hpp"

#include <unordered_map>

namespace axonc_ipu {

struct BoundRow {
  poplar::Type type;
  std::size_t count;
  unsigned variable; // of the first element
  std::size_t begin;
  std::shared_ptr<const View> view;
  bool staged; // the vertex works on a copy: gathered, or on its way to another tile
};

struct BoundField {
  const Field *field;
  std::vector<BoundRow> rows;
};

struct BoundVertex {
  unsigned id;
  unsigned tile;
  const VertexClass *type;
  std::vector<BoundField> fields; // those with edges
};

struct CompiledSet {
  std::string name;
  std::vector<BoundVertex> vertices; // by tile
  std::vector<std::size_t> starts;   // the first vertex of each tile that has any, and the end
  std::size_t elements = 0;          // on all edges
};

// Whether using undefined data is an error: never, where it leaves the device or steers it, or wherever it is read.
enum class Undefined { Count, Host, All };

struct Options {
  bool allowOutOfMemory = false;
  Undefined undefined = Undefined::Count;
  std::string report; // path of the report, or empty
  std::uint64_t linkBytesPerCycle = LINK_BYTES_PER_CYCLE;
};

// Bytes of one tile that stay in memory, by kind, and the most that is in it at once.
struct TileMemory {
  std::size_t variables = 0;
  std::size_t constants = 0;
  std::size_t vertexState = 0;
  std::size_t edgePointers = 0;
  std::size_t exchangeCode = 0;
  std::size_t alwaysLive = 0;    // of the variables and constants
  std::size_t peakTemporary = 0; // variables that are not always live, and buffers
  std::size_t total() const { return alwaysLive + vertexState + edgePointers + exchangeCode + peakTemporary; }
};

struct Liveness {
  std::size_t step;
  std::size_t largest; // bytes that are not always live on the fullest tile
  std::size_t sum;     // over all tiles
};

struct Executable {
  std::shared_ptr<GraphData> graph;
  std::vector<NodePtr> programs;
  Options options;
  std::vector<Placement> placements;
  std::map<unsigned, CompiledSet> sets;
  std::vector<StepCost> steps;
  std::unordered_map<const Node *, std::size_t> stepOf;
  std::vector<const Node *> order; // the steps' nodes
  std::vector<TileMemory> tiles;
  std::vector<Liveness> liveness;
};

Options optionsFrom(const poplar::OptionFlags &flags);
std::shared_ptr<Executable> compile(const poplar::Graph &graph, const std::vector<NodePtr> &programs, Options options);

// Parts of `compile`, in this order.
void place(Executable &executable);                                                // placement.cpp
void collectSteps(Executable &executable);                                         // steps.cpp
CompiledSet bindSet(const Executable &executable, unsigned id);                    // bind.cpp
void checkRaces(const Executable &executable, const CompiledSet &set);             // races.cpp
void costOf(const Executable &executable, const CompiledSet &set, StepCost &cost); // step_costs.cpp
void costOfCopy(const Executable &executable, const CopyNode &copy, StepCost &cost);
void accountMemory(Executable &executable); // memory_account.cpp
void checkMemory(const Executable &executable);

} // namespace axonc_ipu

#endif
