// Loops, branches, functions, and what a program prints.
#include "show.hpp"

#include <poplar/CycleCount.hpp>
#include <popops/ElementWise.hpp>
#include <popops/Loop.hpp>
#include <popops/Zero.hpp>

using namespace poplar;
using namespace poplar::program;
namespace expr = popops::expr;

int main(int count, char **) {
  const Device device = deviceOf(2);
  Graph graph(device.getTarget());
  const auto variable = [&](const Type &type, const char *name) {
    const Tensor made = graph.addVariable(type, {1}, name);
    graph.setTileMapping(made, 0);
    return made;
  };
  const Tensor x = variable(INT, "x");
  const Tensor more = variable(BOOL, "more");
  const Tensor powers = variable(INT, "powers");
  const Tensor halvings = variable(INT, "halvings");
  const Tensor branch = variable(INT, "branch");
  const Tensor loop = variable(UNSIGNED_INT, "loop");
  const Tensor calls = variable(INT, "calls");
  Shown shown(graph);
  Sequence program;
  for (const Tensor &one : {x, powers, halvings, branch, loop, calls}) {
    popops::zero(graph, one, program);
  }

  // x = 2^10 by a counted loop, then halve it while it is more than 10, and until it is not more than 2.
  Sequence doubling;
  popops::mapInPlace(graph, expr::_1 * 2, {x}, doubling);
  Sequence inner{Repeat(5, doubling)};
  popops::addInPlace(graph, x, 1, program);
  program.add(Repeat(2, inner));
  program.add(Copy(x, powers));
  Sequence halve;
  popops::mapInPlace(graph, expr::_1 / 2, {x}, halve);
  popops::addInPlace(graph, halvings, 1, halve);
  Sequence test;
  popops::mapWithOutput(graph, expr::_1 > 10, {x}, more, test);
  program.add(RepeatWhileTrue(test, more, halve));
  Sequence untilSmall;
  popops::mapWithOutput(graph, expr::_1 <= 2, {x}, more, untilSmall);
  program.add(RepeatWhileFalse(untilSmall, more, halve));

  // Branches: 1 for each that must be taken, 100 for each that must not.
  Sequence right;
  popops::addInPlace(graph, branch, 1, right);
  Sequence wrong;
  popops::addInPlace(graph, branch, 100, wrong);
  program.add(If(more, right, wrong));
  popops::mapWithOutput(graph, expr::_1 == 77, {x}, more, program);
  program.add(If(more, wrong, right));
  program.add(Switch(x, {{1, wrong}, {2, right}, {3, wrong}}));
  program.add(Switch(halvings, {{1, wrong}, {2, wrong}}, right));

  // The counter of a loop: 0 + 2 + 4 + 6.
  program.add(popops::countedLoop(graph, 0, 7, 2, [&](const Tensor &i) {
    Sequence body;
    popops::addInPlace(graph, loop, i, body);
    return body;
  }));

  Sequence once;
  popops::addInPlace(graph, calls, 1, once);
  const Function function = graph.addFunction(once);
  program.add(Sequence{Call(function), Call(function), Repeat(3, Call(function))});
  // What is added to a sequence later does not change those that took it before.
  Sequence grown{Call(function)};
  const Sequence before = grown;
  grown.add(Call(function));
  program.add(before);

  const Tensor cycles = cycleCount(graph, program, 0, SyncType::EXTERNAL);
  program.add(PrintTensor("powers", powers));
  program.add(PrintTensor("matrix", concat(powers, halvings).expand({0})));
  program.add(WriteUndef(x));
  for (const auto &[name, tensor] : std::map<std::string, Tensor>{{"powers", powers},
                                                                  {"halvings", halvings},
                                                                  {"branch", branch},
                                                                  {"loop", loop},
                                                                  {"calls", calls},
                                                                  {"cycles", cycles}}) {
    shown.add(name, tensor);
  }
  const Tensor stop = variable(BOOL, "stop");
  graph.createHostWrite("stop", stop);
  const std::vector<Program> programs{program, AbortOnCondition(stop, "asked to stop"), Abort("always stops")};
  Engine engine(graph, programs);
  engine.load(device);
  engine.setPrintStream(std::cout);
  engine.run(0);
  shown.print(engine);
  if (count > 1) {
    engine.run(2);
  }
  for (const bool asked : {false, true}) {
    engine.writeTensor("stop", &asked);
    try {
      engine.run(1);
      std::cout << "went on\n";
    } catch (const application_runtime_error &error) {
      std::cout << error.what() << '\n';
    }
  }
}
