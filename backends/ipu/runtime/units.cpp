// Part 2: one vertex for each tile and kind of unit.
#include "network.hpp"
#include "costs.hpp"
#include "parts.hpp"

#include <poputil/VertexTemplates.hpp>

namespace axonc {

using poplar::VertexRef;

namespace {

// The parameters of the neurons of a tile.
Tensor parametersOf(const Population &population, unsigned tile) {
  return population.kind.shared ? equalPart(population.parameters, population.layout, tile)
                                : partOf(population.parameters, population.layout, tile, population.kind.parameters);
}

// Adds a vertex with what all kinds of units have: sums, parameters, what they send.
VertexRef addUnits(Graph &graph, ComputeSet set, const std::string &type, const Population &population, unsigned tile) {
  const Layout &layout = population.layout;
  const std::size_t sums = std::size_t{population.kind.projections} * population.kind.lanes;
  const VertexRef vertex = graph.addVertex(set, type,
                                           {{"sums", partOf(population.sums, layout, tile, sums)},
                                            {"parameters", parametersOf(population, tile)},
                                            {"sent", partOf(population.sent, layout, tile)},
                                            {"found", equalPart(population.found, layout, tile)}});
  graph.setInitialValue(vertex["first"], layout.first(tile));
  graph.setInitialValue(vertex["stride"], population.kind.shared ? 0U : population.kind.parameters);
  graph.setInitialValue(vertex["words"], population.events.words());
  place(graph, vertex, layout.firstTile + tile, NEURON * shareOf(layout.count(tile)));
  return vertex;
}

void connectState(Graph &graph, VertexRef vertex, const char *field, const Tensor &state, const Population &population,
                  unsigned tile) {
  graph.connect(vertex[field], partOf(state, population.layout, tile));
}

void connectClipped(Graph &graph, VertexRef vertex, const Population &population, unsigned tile) {
  graph.connect(vertex["clipped"], equalPart(population.clipped, population.layout, tile));
}

// Adds a vertex of neurons that spike.
VertexRef addNeurons(Graph &graph, ComputeSet set, const std::string &type, const Population &population, unsigned tile,
                     Gate gate, bool seesOld) {
  const VertexRef vertex = addUnits(graph, set, type, population, tile);
  connectState(graph, vertex, "voltage", population.voltage, population, tile);
  connectState(graph, vertex, "current", population.current, population, tile);
  const std::size_t sums = population.shifts.numElements() / population.layout.neurons;
  graph.connect(vertex["shifts"], partOf(population.shifts, population.layout, tile, sums));
  graph.setInitialValue(vertex["reset"], gate.reset);
  graph.setInitialValue(vertex["most"], gate.most);
  graph.setInitialValue(vertex["seesOld"], seesOld);
  return vertex;
}

} // namespace

void updateFixed(Graph &graph, ComputeSet set, const Population &population, Gate gate, bool seesOld, int currentLimit,
                 int limit) {
  const std::string type = ofWord("axonc::FixedNeuron", population);
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    const VertexRef vertex = addNeurons(graph, set, type, population, tile, gate, seesOld);
    connectClipped(graph, vertex, population, tile);
    graph.setInitialValue(vertex["currentLimit"], currentLimit);
    graph.setInitialValue(vertex["limit"], limit);
  }
}

void updateFloat(Graph &graph, ComputeSet set, const Population &population, Gate gate, bool seesOld) {
  const std::string type =
      poputil::templateVertex("axonc::FloatNeuron", population.kind.sum, population.found.elementType());
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    const VertexRef vertex = addNeurons(graph, set, type, population, tile, gate, seesOld);
    graph.connect(vertex["levels"], equalPart(population.levels, population.layout, tile));
  }
}

void updateExact(Graph &graph, ComputeSet set, const Population &population, Crossings crossings) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    const VertexRef vertex = addUnits(graph, set, ofWord("axonc::ExactNeuron", population), population, tile);
    connectState(graph, vertex, "voltage", population.voltage, population, tile);
    connectState(graph, vertex, "current", population.current, population, tile);
    graph.setInitialValue(vertex["most"], crossings.most);
    graph.setInitialValue(vertex["subtracts"], crossings.subtracts);
    graph.setInitialValue(vertex["inclusive"], crossings.inclusive);
  }
}

void updateGru(Graph &graph, ComputeSet set, const Population &population, Gru gru) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    const VertexRef vertex = addUnits(graph, set, ofWord("axonc::FixedGRU", population), population, tile);
    connectState(graph, vertex, "voltage", population.voltage, population, tile);
    connectState(graph, vertex, "current", population.current, population, tile);
    connectClipped(graph, vertex, population, tile);
    graph.setInitialValue(vertex["lanes"], population.kind.lanes);
    graph.setInitialValue(vertex["frac"], gru.frac);
    graph.setInitialValue(vertex["segment"], gru.segment);
    graph.setInitialValue(vertex["zoneout"], gru.zoneout);
    graph.setInitialValue(vertex["eventBased"], gru.eventBased);
  }
}

void updateLstm(Graph &graph, ComputeSet set, const Population &population, unsigned frac, unsigned cellFrac) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    const VertexRef vertex = addUnits(graph, set, ofWord("axonc::FixedLSTM", population), population, tile);
    connectState(graph, vertex, "voltage", population.voltage, population, tile);
    connectClipped(graph, vertex, population, tile);
    graph.setInitialValue(vertex["frac"], frac);
    graph.setInitialValue(vertex["cellFrac"], cellFrac);
  }
}

void updateResetGate(Graph &graph, ComputeSet set, const Population &population) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    addUnits(graph, set, ofWord("axonc::FixedResetGate", population), population, tile);
  }
}

void updateFloatGru(Graph &graph, ComputeSet set, const Population &population, FloatGru gru) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    const VertexRef vertex = addUnits(graph, set, ofWord("axonc::FloatGRU", population), population, tile);
    connectState(graph, vertex, "voltage", population.voltage, population, tile);
    connectState(graph, vertex, "current", population.current, population, tile);
    graph.setInitialValue(vertex["lanes"], population.kind.lanes);
    graph.setInitialValue(vertex["segment"], gru.segment);
    graph.setInitialValue(vertex["zoneout"], gru.zoneout);
    graph.setInitialValue(vertex["eventBased"], gru.eventBased);
  }
}

void updateFloatLstm(Graph &graph, ComputeSet set, const Population &population) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    const VertexRef vertex = addUnits(graph, set, ofWord("axonc::FloatLSTM", population), population, tile);
    connectState(graph, vertex, "voltage", population.voltage, population, tile);
  }
}

void updateFloatResetGate(Graph &graph, ComputeSet set, const Population &population) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    addUnits(graph, set, ofWord("axonc::FloatResetGate", population), population, tile);
  }
}

void updateFloatPool(Graph &graph, ComputeSet set, const Population &population) {
  for (unsigned tile = 0; tile < population.layout.tiles(); ++tile) {
    addUnits(graph, set, ofWord("axonc::FloatPool", population), population, tile);
  }
}

} // namespace axonc
