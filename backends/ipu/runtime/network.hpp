// Building blocks of the program: tensors of populations and projections, and the vertices that work on them. Sizes come
// from the program; nothing here knows a network.
#ifndef AXONC_NETWORK_HPP
#define AXONC_NETWORK_HPP

#include <poplar/Graph.hpp>
#include <string>
#include <vector>

#include "codelets/workers.hpp"

namespace axonc {

using poplar::ComputeSet;
using poplar::Graph;
using poplar::Tensor;
using poplar::Type;

class Store;

// Where the neurons of a population are: `perTile` on each tile from `firstTile` on, what is left on the last one.
struct Layout {
  unsigned neurons = 0;
  unsigned firstTile = 0;
  unsigned perTile = 1;

  unsigned tiles() const { return (neurons + perTile - 1) / perTile; }
  unsigned first(unsigned tile) const { return tile * perTile; }
  unsigned count(unsigned tile) const { return tile + 1 < tiles() ? perTile : neurons - first(tile); }
};

// A list of events on one tile: how many records, then room for `capacity` records. `value`: what an event carries beside
// its source, INT or FLOAT; BOOL: nothing. `expected`: records in an ordinary step, for which cycles are estimated. `drops`:
// whether the network says that later events have no effect, else there must be room for all. A list that nobody needs has
// no elements.
struct Events {
  unsigned tile = 0;
  unsigned capacity = 0;
  Type value = poplar::BOOL;
  unsigned expected = 0;
  bool drops = false;
  Tensor list = {};

  unsigned words() const { return value == poplar::BOOL ? 1 : 2; } // of a record
};

// What a neuron has: `lanes` accumulators from each of `projections`; up to two `states`, voltage and current; what it
// `sends`, if it does. `parameters`: numbers in a record of them; `shared`: one record for all neurons. `shifted`: whether
// sums are shifted before they are added; `levels`: how many values voltages take, 0: all.
struct Kind {
  Type sum;
  Type state;
  Type sent;
  unsigned projections;
  unsigned lanes;
  unsigned states;
  bool sends;
  unsigned parameters;
  bool shared;
  bool shifted;
  unsigned levels;
};

// A population. Its tensors lie on its tiles, neuron after neuron; those that it does not need have no elements.
struct Population {
  std::string name;
  Layout layout;
  Kind kind;
  Events events;
  Tensor sums;
  Tensor parameters;
  Tensor voltage;
  Tensor current;
  Tensor sent;    // of each neuron in this step: how many spikes, or a value
  Tensor clipped; // values that left their format, for each worker
  Tensor found;   // for each worker, the list of its events
  Tensor counts;  // the largest number of events in a step so far, and how many were dropped
  Tensor shifts;  // of sums, as these lie
  Tensor levels;  // on each tile
};

// Tensors with which a sample begins, beside those of populations and inputs: `cleared`, or `kept` from the sample before.
struct Between {
  std::vector<Tensor> cleared;
  std::vector<Tensor> kept;
};

// An input of the network: what the host sends in every step, as a list, as values of all elements, or both.
struct Source {
  std::string name;
  Events events;
  Tensor values;
};

// Sizes of a convolution: channels of a group, of sources and targets; rows and columns of sources, targets and taps.
struct Kernel {
  unsigned inputs = 0;
  unsigned outputs = 0;
  unsigned sourceRows = 0;
  unsigned sourceColumns = 0;
  unsigned targetRows = 0;
  unsigned targetColumns = 0;
  unsigned tapRows = 0;
  unsigned tapColumns = 0;
};

// The weights of a projection, for each tile of its target in one piece; synapses one by one have targets as well.
struct Projection {
  unsigned sources = 0;
  std::vector<std::size_t> begins; // where the weights of each tile begin, and where the last end
  Tensor weights;
  Tensor starts;
  Tensor targets;
  Tensor bias; // where the sums of the target's accumulators begin; no elements: with 0
  Kernel kernel = {};
  std::vector<std::size_t> rowBegins = {}; // where the table of rows of each tile begins, and where the last ends
  Tensor rows = {};
  Tensor columns = {};
};

// The channels of which there are some among `count` targets from `first` on.
Range channelsOf(const Kernel &kernel, unsigned first, unsigned count);

// ---- Part 1: tensors

// A tensor of pieces of these sizes, one on every tile from `firstTile` on.
Tensor addPieces(Graph &graph, const Type &type, const std::string &name, unsigned firstTile,
                 const std::vector<std::size_t> &sizes);

// A tensor on one tile.
Tensor addOnTile(Graph &graph, const Type &type, const std::string &name, unsigned tile, std::size_t elements);

// A list of events; `word` is the type of its elements.
Events addEvents(Graph &graph, const Type &word, const std::string &name, Events events);

// An input; `type` is that of its `values`, as many as are read.
Source addSource(Graph &graph, const std::string &name, const Type &word, Events events, const Type &type,
                 std::size_t values);

// A population whose parameters the store has next. Without a capacity of `events` it makes no list.
Population addPopulation(Graph &graph, Store &store, const std::string &name, Layout layout, Kind kind,
                         const Type &word, Events events);

// Rows of weights of `sources`: on each tile, row after row, as many as the tile has accumulators, padded to whole words.
Projection addRows(Graph &graph, Store &store, const std::string &name, const Type &weight, unsigned sources,
                   const Population &target);

// What the sums of a projection begin with, for every accumulator of its target, if it `has` that.
Tensor addBias(Graph &graph, Store &store, const std::string &name, const Population &target, bool has);

// Synapses one by one, as the vertex `SparseRows` reads them.
Projection addSynapses(Graph &graph, Store &store, const std::string &name, const Type &weight, unsigned sources,
                       const Population &target);

// A kernel for the channels of each tile, and tables of what rows and columns of the sources reach there, as the vertex
// `KernelRows` reads them.
Projection addKernel(Graph &graph, Store &store, const std::string &name, const Type &weight, const Kernel &kernel,
                     const Population &target);

// ---- Part 2: vertices

// Projection number `slot` of its target adds up what a list of events reaches.
void sumEvents(Graph &graph, ComputeSet set, const Events &events, const Projection &projection,
               const Population &target, unsigned slot);

// The same from synapses one by one.
void sumSynapses(Graph &graph, ComputeSet set, const Events &events, const Projection &projection,
                 const Population &target, unsigned slot);

// The same from a kernel.
void sumKernel(Graph &graph, ComputeSet set, const Events &events, const Projection &projection,
               const Population &target, unsigned slot);

// The same from the values of all sources.
void sumValues(Graph &graph, ComputeSet set, const Tensor &values, const Projection &projection,
               const Population &target, unsigned slot);

// How neurons are reset, and how often they spike in a step at most.
struct Gate {
  unsigned reset;
  unsigned most;
};

// Updates neurons in fixed point, whose current and voltage are clipped to these limits.
void updateFixed(Graph &graph, ComputeSet set, const Population &population, Gate gate, bool seesOld, int currentLimit,
                 int limit);

// How many spikes of a step are looked for, what they do, and whether reaching the threshold is one.
struct Crossings {
  unsigned most;
  bool subtracts;
  bool inclusive;
};

// Updates neurons in float whose spikes fall within a step.
void updateExact(Graph &graph, ComputeSet set, const Population &population, Crossings crossings);

// Updates neurons in float.
void updateFloat(Graph &graph, ComputeSet set, const Population &population, Gate gate, bool seesOld);

// Numbers of GRU units (see the vertex `FixedGRU`).
struct Gru {
  unsigned frac;
  unsigned segment;
  int zoneout;
  bool eventBased;
};

// Updates gated units.
void updateGru(Graph &graph, ComputeSet set, const Population &population, Gru gru);
void updateLstm(Graph &graph, ComputeSet set, const Population &population, unsigned frac, unsigned cellFrac);
void updateResetGate(Graph &graph, ComputeSet set, const Population &population);

// Numbers of GRU units in float (see the vertex `FloatGRU`).
struct FloatGru {
  unsigned segment;
  float zoneout;
  bool eventBased;
};

// Updates gated units in float.
void updateFloatGru(Graph &graph, ComputeSet set, const Population &population, FloatGru gru);
void updateFloatLstm(Graph &graph, ComputeSet set, const Population &population);
void updateFloatResetGate(Graph &graph, ComputeSet set, const Population &population);

// Updates pools.
void updateFloatPool(Graph &graph, ComputeSet set, const Population &population);

// Joins what the tiles of a population found.
void gather(Graph &graph, ComputeSet set, const Population &population);

// The same in two compute sets: first what groups of so many tiles found, each on the first of them.
void gatherGroups(Graph &graph, ComputeSet groups, ComputeSet set, const Population &population, unsigned tiles,
                  Between &between);

// A list that is as late as so many steps.
Events addDelay(Graph &graph, ComputeSet set, const std::string &name, const Events &events, unsigned steps,
                Between &between);

} // namespace axonc

#endif
