// For each rule of the system a program that breaks it, and its twin that keeps it.
#include "show.hpp"

#include <functional>
#include <poputil/TileMapping.hpp>
#include <typeinfo>

using namespace poplar;
using namespace poplar::program;

namespace {

// What every case starts from: four floats on each of four tiles.
struct Case {
  Device device = deviceOf(4);
  Graph graph{device.getTarget()};
  Tensor x, y;
  ComputeSet set;
  OptionFlags options;
  bool right;

  explicit Case(bool keeps) : right(keeps) {
    graph.addCodelets("rules_codelets.cpp");
    x = graph.addVariable(FLOAT, {16}, "x");
    y = graph.addVariable(FLOAT, {16}, "y");
    for (const Tensor &tensor : {x, y}) {
      poputil::mapTensorLinearly(graph, tensor, 4, 4);
    }
    const std::vector<float> zeros(16, 0.0F);
    graph.setInitialValue<float>(x, ArrayRef<float>(zeros));
    set = graph.addComputeSet("set");
  }

  VertexRef add(const Tensor &in, const Tensor &out, unsigned tile) {
    const VertexRef vertex = graph.addVertex(set, "Add", {{"in", in}, {"out", out}});
    graph.setTileMapping(vertex, tile);
    return vertex;
  }

  void run(const Program &program) {
    Engine engine(graph, program, options);
    engine.load(device);
    engine.run();
  }
  void execute() { run(Execute(set)); }
};

void unmappedElement(Case &c) {
  const Tensor t = c.graph.addVariable(FLOAT, {10}, "t");
  c.graph.setTileMapping(t.slice(0, c.right ? 10 : 9), 0);
  c.run(Sequence());
}

void noSuchTile(Case &c) { c.graph.setTileMapping(c.x, c.right ? 3 : 4); }

void unmappedVertex(Case &c) {
  const VertexRef vertex = c.graph.addVertex(c.set, "Add", {{"in", c.x}, {"out", c.y}});
  if (c.right) {
    c.graph.setTileMapping(vertex, 1);
  }
  c.execute();
}

void unconnectedField(Case &c) {
  const VertexRef vertex = c.graph.addVertex(c.set, "Add", {{"in", c.x}});
  c.graph.setTileMapping(vertex, 1);
  if (c.right) {
    c.graph.connect(vertex["out"], c.y);
  }
  c.execute();
}

void elementType(Case &c) {
  const Tensor t = c.graph.addVariable(c.right ? FLOAT : INT, {16}, VariableMappingMethod::LINEAR, "t");
  c.add(c.x, t, 0);
}

void rank(Case &c) { c.add(c.right ? c.x : c.x.reshape({4, 4}), c.y, 0); }

void unmappedConstant(Case &c) {
  const Tensor constant = c.graph.addConstant<float>(FLOAT, {16}, 1.0F, "one");
  if (c.right) {
    c.graph.setTileMapping(constant, 3);
  }
  c.add(constant, c.y, 0);
  c.execute();
}

void scalarSize(Case &c) {
  const Tensor t = c.graph.addVariable(SHORT, {2}, "t");
  c.graph.addVertex(c.set, "Set", {{"out", c.right ? t[0] : t}});
}

void fieldSize(Case &c) {
  const VertexRef vertex = c.graph.addVertex(c.set, "Add");
  c.graph.setFieldSize(vertex["in"], c.right ? 16 : 15);
  c.graph.connect(vertex["in"], c.x);
}

void unknownVertex(Case &c) { c.graph.addVertex(c.set, c.right ? "Add" : "Subtract"); }

void unknownField(Case &c) { c.graph.connect(c.graph.addVertex(c.set, "Add")[c.right ? "in" : "inn"], c.x); }

void valueRange(Case &c) { c.graph.setInitialValue(c.graph.addVertex(c.set, "Set")["value"], c.right ? 255 : 256); }

void stateWithoutValue(Case &c) {
  const VertexRef vertex = c.graph.addVertex(c.set, "Stateful", {{"out", c.y[0]}});
  c.graph.setTileMapping(vertex, 0);
  if (c.right) {
    c.graph.setInitialValue<float>(vertex["table"], ArrayRef<float>({1.0F, 2.0F}));
  }
  c.execute();
}

void twoWriters(Case &c) {
  c.add(c.x.slice(0, 4), c.y.slice(0, 4), 0);
  c.add(c.x.slice(4, 8), c.right ? c.y.slice(4, 8) : c.y.slice(3, 7), 1);
  c.execute();
}

void writtenAndRead(Case &c) {
  c.add(c.x.slice(0, 4), c.y.slice(0, 4), 0);
  c.add(c.right ? c.x.slice(4, 8) : c.y.slice(2, 6), c.y.slice(8, 12), 2);
  c.execute();
}

void overlappingOutputs(Case &c) {
  const VertexRef vertex =
      c.graph.addVertex(c.set, "Pair", {{"a", c.y.slice(0, 2)}, {"b", c.right ? c.y.slice(2, 4) : c.y.slice(1, 3)}});
  c.graph.setTileMapping(vertex, 0);
  c.execute();
}

// A vertex may read and write its own elements, not those of another.
void twoInOuts(Case &c) {
  const Tensor second = c.right ? c.x.slice(4, 8) : c.x.slice(3, 7);
  for (const Tensor &part : {c.x.slice(0, 4), second}) {
    const VertexRef vertex = c.graph.addVertex(c.set, "PartialInOut", {{"in", c.x.slice(8, 12)}, {"out", part}});
    c.graph.setInitialValue(vertex["count"], 4U);
    c.graph.setTileMapping(vertex, 0);
  }
  c.execute();
}

// What a neighbour writes is seen after the superstep: the twin has a second tensor.
void inPlace(Case &c) {
  const Tensor next = c.right ? c.y : c.x;
  for (unsigned tile = 0; tile < 4; ++tile) {
    const unsigned neighbour = (tile + 1) % 4 * 4;
    c.add(c.x.slice(neighbour, neighbour + 4), next.slice(tile * 4, tile * 4 + 4), tile);
  }
  c.execute();
}

void aliasedOutput(Case &c) { c.add(c.x.slice(0, 2), c.right ? c.y.slice(0, 2) : c.y.slice(0, 1).broadcast(2, 0), 0); }

void constantOutput(Case &c) {
  const Tensor constant = c.graph.addConstant<float>(FLOAT, {16}, 1.0F, "one");
  c.add(c.x, c.right ? c.y : constant, 0);
}

void constantCopy(Case &c) {
  const Tensor constant = c.graph.addConstant<float>(FLOAT, {16}, 1.0F, "one");
  Copy(c.x, c.right ? c.y : constant);
}

void copySize(Case &c) { Copy(c.x, c.right ? c.y.reshape({4, 4}) : c.y.slice(0, 15)); }

void subWord(Case &c) {
  const Tensor t = c.graph.addVariable(SHORT, {4}, "t");
  c.graph.setTileMapping(t, 0);
  for (unsigned i = 0; i < 2; ++i) { // elements 0 and 1 share a word of 4 bytes, 0 and 2 do not
    const VertexRef vertex = c.graph.addVertex(c.set, "Set", {{"out", t[c.right ? 2 * i : i]}});
    c.graph.setInitialValue(vertex["value"], 7);
    c.graph.setTileMapping(vertex, 0);
  }
  c.execute();
}

// A vertex on tile 1 writes half of what lies on tile 0: an Output leaves garbage in the other half.
void partialRemoteOutput(Case &c) {
  const Tensor zero = c.x.slice(0, 4);
  const VertexRef vertex = c.graph.addVertex(c.set, c.right ? "PartialInOut" : "PartialOutput",
                                             {{"in", zero}, {"out", c.y.slice(0, 4)}, {"count", 2U}});
  c.graph.setTileMapping(vertex, 1);
  c.graph.createHostRead("y", c.y.slice(0, 4));
  c.options = {{"axonc.undefined", "host"}};
  Engine engine(c.graph, Sequence{Copy(zero, c.y.slice(0, 4)), Execute(c.set)}, c.options);
  engine.load(c.device);
  engine.run();
  std::vector<float> read(4);
  engine.readTensor("y", read.data(), read.data() + 4);
}

void undefinedInput(Case &c) {
  c.options = {{"axonc.undefined", "all"}};
  c.add(c.y.slice(0, 4), c.y.slice(4, 8), 0);
  c.run(c.right ? Sequence{Copy(c.x, c.y), Execute(c.set)} : Sequence{Execute(c.set)});
}

void undefinedAgain(Case &c) {
  c.options = {{"axonc.undefined", "all"}};
  c.add(c.x, c.y, 0);
  c.run(c.right ? Sequence{Execute(c.set)} : Sequence{WriteUndef(c.x.slice(3, 4)), Execute(c.set)});
}

void garbageControl(Case &c) {
  const Tensor predicate = c.graph.addVariable(BOOL, {}, "predicate");
  c.graph.setTileMapping(predicate, 0);
  if (c.right) {
    c.graph.setInitialValue(predicate, true);
  }
  c.options = {{"axonc.undefined", "host"}};
  c.run(If(predicate, Sequence(), Sequence()));
}

void predicateType(Case &c) {
  const Tensor predicate = c.graph.addVariable(INT, {2}, "predicate");
  If(c.right ? predicate[0] : predicate, Sequence(), Sequence());
}

void tileMemory(Case &c) {
  const Tensor t = c.graph.addVariable(FLOAT, {320 * 1024}, "large"); // 1,280 KiB; a tile has 624 KiB
  c.right ? poputil::mapTensorLinearly(c.graph, t) : c.graph.setTileMapping(t, 2);
  c.graph.createHostRead("large", t);
  c.run(Sequence());
}

// Two tensors of 400 KiB, one after the other or at once.
void liveness(Case &c) {
  std::vector<Tensor> both;
  for (const char *name : {"first", "second"}) {
    both.push_back(c.graph.addVariable(FLOAT, {100 * 1024}, name));
    c.graph.setTileMapping(both.back(), 0);
  }
  const auto fill = [&](const Tensor &t) { return Copy(c.x.slice(0, 1).broadcast(100 * 1024, 0), t); };
  const auto use = [&](const Tensor &t) { return Copy(t.slice(0, 1), c.y.slice(0, 1)); };
  c.run(c.right ? Sequence{fill(both[0]), use(both[0]), fill(both[1]), use(both[1])}
                : Sequence{fill(both[0]), fill(both[1]), use(both[0]), use(both[1])});
}

// A vertex whose own table is as large as a tile.
void vertexState(Case &c) {
  const std::vector<float> table(c.right ? 100 : 160 * 1024, 1.0F);
  const VertexRef vertex = c.graph.addVertex(c.set, "Stateful", {{"out", c.y[0]}});
  c.graph.setInitialValue<float>(vertex["table"], ArrayRef<float>(table));
  c.graph.setTileMapping(vertex, 0);
  c.execute();
}

// A tensor of 400 KiB on tile 0.
Tensor onTile0(Case &c) {
  const Tensor t = c.graph.addVariable(FLOAT, {100 * 1024}, "large");
  c.graph.setTileMapping(t, 0);
  c.graph.createHostRead("large", t);
  return t;
}

// Tile 1 has 400 KiB of its own, and receives what its vertex reads.
void exchangeBuffers(Case &c) {
  const Tensor own = c.graph.addVariable(FLOAT, {100 * 1024}, "own");
  c.graph.setTileMapping(own, 1);
  c.graph.createHostRead("own", own);
  c.add(onTile0(c).slice(0, c.right ? 1024 : 100 * 1024), own, 1);
  c.execute();
}

// Every other element is gathered on the tile before a vertex reads them, elements side by side are read where they are.
void gatheredEdge(Case &c) {
  const Tensor t = onTile0(c);
  const Tensor more = c.graph.addVariable(FLOAT, {30 * 1024}, "more");
  c.graph.setTileMapping(more, 0);
  c.graph.createHostRead("more", more);
  c.add(c.right ? t.slice(0, 50 * 1024) : t.subSample(2, 0), more, 0);
  c.execute();
}

void memoryAllowed(Case &c) {
  c.options = {{"debug.allowOutOfMemory", c.right ? "true" : "false"}};
  const Tensor t = c.graph.addVariable(FLOAT, {320 * 1024}, "larger");
  c.graph.setTileMapping(t, 2);
  c.graph.createHostRead("larger", t);
  c.run(Sequence());
}

void streamSize(Case &c) {
  const DataStream stream = c.graph.addHostToDeviceFIFO("stream", FLOAT, 16);
  Copy(stream, c.right ? c.x : c.x.slice(0, 8));
}

void streamDirection(Case &c) {
  const DataStream stream = c.graph.addHostToDeviceFIFO("stream", FLOAT, 16);
  c.right ? Copy(stream, c.x) : Copy(c.x, stream);
}

void unconnectedStream(Case &c) {
  const DataStream stream = c.graph.addHostToDeviceFIFO("stream", FLOAT, 16);
  std::vector<float> buffer(16);
  Engine engine(c.graph, Copy(stream, c.x));
  engine.load(c.device);
  if (c.right) {
    engine.connectStream("stream", buffer.data());
  }
  engine.run();
}

void sameHandle(Case &c) {
  c.graph.addHostToDeviceFIFO("stream", FLOAT, 16);
  c.graph.addDeviceToHostFIFO(c.right ? "other" : "stream", FLOAT, 16);
}

void hostReadSize(Case &c) {
  c.graph.createHostRead("x", c.x);
  Engine engine(c.graph, Sequence());
  engine.load(c.device);
  std::vector<float> read(c.right ? 16 : 15);
  engine.readTensor("x", read.data(), read.data() + read.size());
}

void notLoaded(Case &c) {
  Engine engine(c.graph, Sequence());
  if (c.right) {
    engine.load(c.device);
  }
  engine.run();
}

void otherDevice(Case &c) {
  Engine engine(c.graph, Sequence());
  engine.load(deviceOf(c.right ? 4 : 5));
}

void remoteRow(Case &c) {
  const RemoteBuffer buffer = c.graph.addRemoteBuffer("buffer", FLOAT, 16, 3);
  const Tensor row = c.graph.addConstant<unsigned>(UNSIGNED_INT, {1}, c.right ? 2U : 3U, "row");
  c.graph.setTileMapping(row, 0);
  c.run(Copy(c.x, buffer, row));
}

void remoteSize(Case &c) { Copy(c.x, c.graph.addRemoteBuffer("buffer", FLOAT, c.right ? 16 : 8, 3)); }

void remoteTransfer(Case &c) {
  Graph graph(deviceOf(1472).getTarget());
  const std::size_t elements = (std::size_t{128} << 18) + (c.right ? 0 : 1); // of 4 bytes: 128 MiB
  const RemoteBuffer buffer = graph.addRemoteBuffer("buffer", FLOAT, elements);
  const Tensor t = graph.addVariable(FLOAT, {elements}, VariableMappingMethod::LINEAR, "t");
  compileGraph(graph, {Copy(buffer, t)});
}

void remoteChips(Case &c) {
  Graph graph(deviceOf(2, 2).getTarget()); // tiles 0 and 1, 2 and 3
  const RemoteBuffer buffer = graph.addRemoteBuffer("buffer", FLOAT, 4);
  Sequence program;
  for (const unsigned tile : {0U, c.right ? 1U : 2U}) {
    const Tensor t = graph.addVariable(FLOAT, {4}, "t");
    graph.setTileMapping(t, tile);
    program.add(Copy(buffer, t));
  }
  compileGraph(graph, {program});
}

void manyRows(Case &c) {
  const Tensor t = c.graph.addVariable(FLOAT, {c.right ? 65535U : 65536U, 1}, VariableMappingMethod::LINEAR, "t");
  c.graph.addVertex(c.set, "Many", {{"in", t}});
}

void reshape(Case &c) { c.x.reshape({4, c.right ? 4U : 5U}); }

void sliceBounds(Case &c) { c.x.slice(8, c.right ? 16 : 17); }

void unknownOption(Case &c) {
  c.options = {{c.right ? "debug.instrument" : "debgu.instrument", "true"}};
  c.run(Sequence());
}

void noProgram(Case &c) {
  Engine engine(c.graph, Sequence());
  engine.load(c.device);
  engine.run(c.right ? 0 : 1);
}

void brokenSwitch(Case &c) {
  const Tensor control = c.graph.addConstant<int>(INT, {}, c.right ? 1 : 2, "control");
  c.graph.setTileMapping(control, 0);
  c.run(Switch::switchWithBoundsChecking(control, {{0, Sequence()}, {1, Sequence()}}));
}

const std::map<std::string, std::function<void(Case &)>> RULES{
    {"unmapped element", unmappedElement},
    {"no such tile", noSuchTile},
    {"unmapped vertex", unmappedVertex},
    {"unconnected field", unconnectedField},
    {"element type", elementType},
    {"rank", rank},
    {"unmapped constant", unmappedConstant},
    {"scalar size", scalarSize},
    {"field size", fieldSize},
    {"unknown vertex", unknownVertex},
    {"unknown field", unknownField},
    {"value range", valueRange},
    {"state without value", stateWithoutValue},
    {"two writers", twoWriters},
    {"written and read", writtenAndRead},
    {"overlapping outputs", overlappingOutputs},
    {"two in-outs", twoInOuts},
    {"in place", inPlace},
    {"aliased output", aliasedOutput},
    {"constant output", constantOutput},
    {"constant copy", constantCopy},
    {"copy size", copySize},
    {"sub-word writers", subWord},
    {"partial remote output", partialRemoteOutput},
    {"undefined input", undefinedInput},
    {"undefined again", undefinedAgain},
    {"garbage control", garbageControl},
    {"predicate type", predicateType},
    {"tile memory", tileMemory},
    {"liveness", liveness},
    {"vertex state", vertexState},
    {"exchange buffers", exchangeBuffers},
    {"gathered edge", gatheredEdge},
    {"memory allowed", memoryAllowed},
    {"stream size", streamSize},
    {"stream direction", streamDirection},
    {"unconnected stream", unconnectedStream},
    {"same handle", sameHandle},
    {"host read size", hostReadSize},
    {"not loaded", notLoaded},
    {"other device", otherDevice},
    {"remote row", remoteRow},
    {"remote size", remoteSize},
    {"remote transfer", remoteTransfer},
    {"remote chips", remoteChips},
    {"many rows", manyRows},
    {"reshape", reshape},
    {"slice bounds", sliceBounds},
    {"unknown option", unknownOption},
    {"no program", noProgram},
    {"switch bounds", brokenSwitch},
};

} // namespace

int main() {
  for (const auto &[name, rule] : RULES) {
    for (const bool right : {true, false}) {
      std::cout << name << '\t' << (right ? "right" : "wrong") << '\t';
      try {
        Case made(right);
        rule(made);
        std::cout << "ok\n";
      } catch (const poplar_error &error) {
        std::string message = error.what();
        std::cout << typeid(error).name() << '\t' << message.substr(0, message.find('\n')) << '\n';
      }
    }
  }
}
