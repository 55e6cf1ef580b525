// Runs control programs.
#include "machine.hpp"

#include "checks.hpp"

#include <cstring>
#include <iostream>

namespace axonc_ipu {

Machine::Machine(std::shared_ptr<Executable> what)
    : executable(std::move(what)), memory(*executable->graph), steps(executable->steps), printTo(&std::cerr) {
  for (VertexData &vertex : executable->graph->vertices) {
    objects.push_back(vertex.object);
    for (std::size_t i = 0; i < vertex.connections.size(); ++i) {
      const Field &field = vertex.type->fields[i];
      if (field.kind == FieldKind::State) {
        auto &state = vertex.connections[i].state;
        const Span span{state.data(), vertex.connections[i].size.value_or(0)};
        std::memcpy(objects.back().data() + field.offset, &span, sizeof span);
      }
    }
  }
  for (const poplar::RemoteBuffer &buffer : executable->graph->remoteBuffers) {
    remoteBuffers.emplace_back(buffer.numElements() * buffer.getRepeats() * elementBytes(buffer.elementType()));
    poison(buffer.elementType(), remoteBuffers.back().data(), buffer.numElements() * buffer.getRepeats());
  }
}

void reportUndefined(Machine &machine, const std::string &what, std::size_t elements, Undefined since) {
  if (elements == 0) {
    return;
  }
  machine.undefinedReads[what] += elements;
  require<poplar::undefined_data_error>(machine.executable->options.undefined < since, "undefined data: ", what,
                                        " reads ", elements, " elements that nobody has written");
}

void Machine::run(unsigned program) {
  require<poplar::runtime_error>(loaded, "the engine is not loaded on a device");
  require<poplar::control_program_error>(program < executable->programs.size(), "there is no program ", program);
  ++runs;
  visit(executable->programs[program]);
}

void Machine::visit(const NodePtr &node) {
  const auto step = executable->stepOf.find(node.get());
  StepCost *cost = step == executable->stepOf.end() ? nullptr : &steps[step->second];
  if (cost != nullptr) {
    ++cost->executions;
    cycles += cost->cycles();
  }
  std::visit(Overloaded{
                 [&](const SequenceNode &n) {
                   for (const NodePtr &part : n.parts) {
                     visit(part);
                   }
                 },
                 [&](const ExecuteNode &n) { execute(executable->sets.at(n.computeSet), *cost); },
                 [&](const CopyNode &n) {
                   if (n.source.numElements() > 0) {
                     memory.copy(n.source.view(), n.destination.view());
                   }
                 },
                 [&](const StreamNode &n) { transfer(n); },
                 [&](const RemoteNode &n) { transfer(n); },
                 [&](const RepeatNode &n) {
                   for (unsigned i = 0; i < n.count; ++i) {
                     visit(n.body);
                   }
                 },
                 [&](const WhileNode &n) { repeat(n); },
                 [&](const IfNode &n) { visit(control(n.predicate) != 0 ? n.yes : n.no); },
                 [&](const SwitchNode &n) { choose(n); },
                 [&](const CallNode &n) { visit(executable->graph->functions.at(n.function)); },
                 [&](const SyncNode &) { cycles += SYNC_CYCLES; },
                 [&](const PrintNode &n) { print(n); },
                 [&](const UndefNode &n) { memory.setUndefined(n.tensor.view()); },
                 [&](const AbortNode &n) { abort(n); },
                 [&](const CounterNode &n) { counter(n); },
             },
             node->what);
}

// Garbage must not steer a program.
long double Machine::control(const poplar::Tensor &tensor) {
  reportUndefined(*this, "control tensor " + describe(tensor), memory.countUndefined(tensor.view()), Undefined::Host);
  return memory.scalar(tensor);
}

void Machine::repeat(const WhileNode &node) {
  for (visit(node.condition); (control(node.predicate) != 0) == node.expected; visit(node.condition)) {
    visit(node.body);
  }
}

void Machine::choose(const SwitchNode &node) {
  const auto value = static_cast<std::int32_t>(control(node.control));
  for (const auto &[expected, body] : node.cases) {
    if (expected == value) {
      visit(body);
      return;
    }
  }
  require<poplar::application_runtime_error>(!node.checked, "Switch has no case for ", value);
  visit(node.otherwise);
}

void Machine::abort(const AbortNode &node) {
  if (!node.predicate || control(*node.predicate) != 0) {
    throw poplar::application_runtime_error(node.message.empty() ? "program aborted" : node.message);
  }
}

void Machine::counter(const CounterNode &node) {
  if (node.start) {
    counterStart = cycles;
    return;
  }
  const std::uint64_t passed = cycles - counterStart;
  const std::uint32_t words[2] = {static_cast<std::uint32_t>(passed), static_cast<std::uint32_t>(passed >> 32)};
  memory.scatter(reinterpret_cast<const Byte *>(words), node.count.view());
  memory.setDefined(node.count.view());
}

void Machine::print(const PrintNode &node) {
  *printTo << node.title << ": " << formatted(node.tensor, memory) << std::endl;
}

namespace {

// The buffer of the next transfer.
Byte *nextBuffer(StreamEnd &end, std::size_t bytes, const std::string &handle) {
  if (end.end == nullptr) {
    return end.begin;
  }
  if (end.next == end.end) {
    end.next = end.begin;
  }
  require<poplar::stream_connection_error>(end.next + bytes <= end.end, "the buffer of stream '", handle,
                                           "' is no multiple of ", bytes, " bytes");
  Byte *buffer = end.next;
  end.next += bytes;
  return buffer;
}

} // namespace

void Machine::transfer(const StreamNode &node) {
  const poplar::DataStream &stream = executable->graph->streams.at(node.stream);
  const auto found = streams.find(stream.handle());
  require<poplar::stream_connection_error>(found != streams.end(), "stream '", stream.handle(), "' is not connected");
  StreamEnd &end = found->second;
  const std::size_t bytes = stream.numElements() * elementBytes(stream.elementType());
  std::vector<Byte> own(end.callback ? bytes : 0);
  Byte *buffer = end.callback ? own.data() : nextBuffer(end, bytes, stream.handle());
  if (node.toDevice) {
    if (end.callback) {
      end.callback->fetch(buffer);
    }
    memory.scatter(buffer, node.tensor.view());
    memory.setDefined(node.tensor.view());
  } else {
    reportUndefined(*this, "stream '" + stream.handle() + "'", memory.countUndefined(node.tensor.view()),
                    Undefined::Host);
    memory.gather(node.tensor.view(), buffer);
    if (end.callback) {
      end.callback->fetch(buffer);
    }
  }
  if (end.callback) {
    end.callback->complete();
  }
}

void Machine::transfer(const RemoteNode &node) {
  const poplar::RemoteBuffer &buffer = executable->graph->remoteBuffers.at(node.buffer);
  const std::size_t bytes = buffer.numElements() * elementBytes(buffer.elementType());
  const std::size_t rows = node.rows ? node.rows->numElements() : 1;
  std::vector<Byte> between(rows * bytes);
  if (!node.toDevice) {
    reportUndefined(*this, "remote buffer '" + buffer.handle() + "'", memory.countUndefined(node.tensor.view()),
                    Undefined::All);
    memory.gather(node.tensor.view(), between.data());
  }
  for (std::size_t i = 0; i < rows; ++i) {
    const auto row = node.rows ? static_cast<std::int64_t>(control(node.rows->flatten()[i])) : 0;
    require<poplar::application_runtime_error>(row >= 0 && static_cast<std::size_t>(row) < buffer.getRepeats(), "row ",
                                               row, " of remote buffer '", buffer.handle(), "' that has ",
                                               buffer.getRepeats());
    Byte *place = remoteBuffers[node.buffer].data() + static_cast<std::size_t>(row) * bytes;
    Byte *part = between.data() + i * bytes;
    std::memcpy(node.toDevice ? part : place, node.toDevice ? place : part, bytes);
  }
  if (node.toDevice) {
    memory.scatter(between.data(), node.tensor.view());
    memory.setDefined(node.tensor.view());
  }
}

} // namespace axonc_ipu
