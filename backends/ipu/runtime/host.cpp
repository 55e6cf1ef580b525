// Part 3: what the host does.
#include "host.hpp"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <popops/Zero.hpp>
#include <sstream>
#include <stdexcept>

namespace axonc {

using poplar::program::Copy;
using poplar::program::Repeat;
using poplar::program::Sequence;

namespace {

constexpr std::size_t LARGEST_TRANSFER = std::size_t{64} << 20; // bytes; the SDK allows twice as many

std::vector<char> readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) {
    throw std::runtime_error("cannot read " + path);
  }
  std::vector<char> bytes(static_cast<std::size_t>(file.tellg()));
  file.seekg(0);
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return bytes;
}

std::size_t bytesOf(const Graph &graph, const Tensor &tensor) {
  return tensor.numElements() * graph.getTarget().getTypeSize(tensor.elementType());
}

std::vector<unsigned> listOf(const std::string &text) {
  std::vector<unsigned> numbers;
  std::istringstream stream(text);
  for (std::string number; std::getline(stream, number, ',');) {
    numbers.push_back(static_cast<unsigned>(std::stoul(number)));
  }
  return numbers;
}

} // namespace

Store::Store(const std::string &path) : file_(readFile(path)) {}

char *Store::take(std::size_t bytes) {
  if (used_ + bytes > file_.size()) {
    throw std::runtime_error("the file of weights is too short");
  }
  char *data = file_.data() + used_;
  used_ += (bytes + 7) / 8 * 8; // everything begins at a multiple of eight bytes
  return data;
}

std::vector<unsigned> Store::numbers(std::size_t count) {
  const char *data = take(count * sizeof(unsigned));
  std::vector<unsigned> numbers(count);
  std::copy_n(data, count * sizeof(unsigned), reinterpret_cast<char *>(numbers.data()));
  return numbers;
}

void Store::upload(Graph &graph, const Tensor &tensor, const std::string &name) {
  const std::size_t size = graph.getTarget().getTypeSize(tensor.elementType());
  char *data = take(bytesOf(graph, tensor));
  for (std::size_t begin = 0; begin < tensor.numElements(); begin += LARGEST_TRANSFER / size) {
    const std::size_t end = std::min(begin + LARGEST_TRANSFER / size, tensor.numElements());
    const std::string handle = name + "/" + std::to_string(begin);
    const auto stream = graph.addHostToDeviceFIFO(handle, tensor.elementType(), end - begin);
    program_.add(Copy(stream, tensor.slice(begin, end)));
    transfers_.push_back({handle, data + begin * size});
  }
}

void Store::connect(poplar::Engine &engine) {
  for (const Transfer &one : transfers_) {
    engine.connectStream(one.handle, one.data);
  }
}

Arguments::Arguments(int count, char **values) {
  std::map<std::string, std::string> given;
  for (int i = 1; i < count; ++i) {
    const std::string text = values[i];
    given[text.substr(0, text.find('='))] = text.substr(std::min(text.find('='), text.size() - 1) + 1);
  }
  const auto take = [&](const char *name, const std::string &usual) {
    const auto found = given.find(name);
    const std::string value = found == given.end() ? usual : found->second;
    given.erase(name);
    return value;
  };
  weights = take("weights", weights);
  input = take("input", input);
  output = take("output", output);
  state = take("state", state);
  left = take("left", left);
  steps = static_cast<unsigned>(std::stoul(take("steps", "1")));
  samples = static_cast<unsigned>(std::stoul(take("samples", "1")));
  record = listOf(take("record", ""));
  if (!given.empty()) {
    throw std::runtime_error("unknown argument '" + given.begin()->first +
                             "'; known are weights, input, output, state, left, steps, samples and record");
  }
}

Session::Session(Graph &graph, Arguments arguments, std::vector<const Source *> sources,
                 std::vector<const Population *> populations, std::vector<Signal> signals)
    : graph_(graph), arguments_(std::move(arguments)), sources_(std::move(sources)),
      populations_(std::move(populations)) {
  for (const Source *source : sources_) {
    addStream(source->events.list, source->name + "/events", true, arguments_.steps, inputs_, receive_);
    addStream(source->values, source->name + "/values", true, arguments_.steps, inputs_, receive_);
  }
  for (const unsigned number : arguments_.record) {
    const auto &[name, tensor] = signals.at(number);
    addStream(tensor, name + "/recorded", false, arguments_.steps, outputs_, send_);
  }
}

void Session::addStream(const Tensor &tensor, const std::string &handle, bool toDevice, std::size_t rows,
                        std::vector<Stream> &streams, Sequence &program) {
  if (tensor.numElements() == 0) {
    return;
  }
  const Type type = tensor.elementType();
  if (toDevice) {
    program.add(Copy(graph_.addHostToDeviceFIFO(handle, type, tensor.numElements()), tensor));
  } else {
    program.add(Copy(tensor, graph_.addDeviceToHostFIFO(handle, type, tensor.numElements())));
  }
  streams.push_back({handle, std::vector<char>(bytesOf(graph_, tensor) * rows)});
}

// Sends the counters of all populations.
void Session::addCounters(Sequence &program) {
  std::vector<Tensor> counts;
  std::vector<Tensor> clipped;
  for (const Population *population : populations_) {
    counts.push_back(population->counts);
    clipped.push_back(population->clipped);
  }
  const Tensor all = poplar::concat(clipped);
  counts_.resize(2 * counts.size());
  clipped_.resize(all.numElements());
  program.add(
      Copy(poplar::concat(counts), graph_.addDeviceToHostFIFO("counts", poplar::UNSIGNED_INT, counts_.size())));
  program.add(Copy(all, graph_.addDeviceToHostFIFO("clipped", poplar::UNSIGNED_INT, clipped_.size())));
}

// Clears states, lists and counters.
Sequence Session::reset(std::vector<Tensor> cleared) {
  for (const Population *population : populations_) {
    cleared.insert(cleared.end(), {population->voltage, population->current, population->sent,
                                   population->events.list, population->counts, population->clipped,
                                   population->found});
  }
  for (const Source *source : sources_) {
    cleared.push_back(source->events.list);
  }
  Sequence program;
  for (const Tensor &tensor : cleared) {
    if (tensor.numElements() != 0) {
      popops::zero(graph_, tensor, program, "reset");
    }
  }
  return program;
}

// Takes what samples begin with from the host, if it has that: states, what was sent in the step before, and what is late.
Sequence Session::begin(const Between &between) {
  Sequence program;
  const auto receive = [&](const Tensor &tensor, const std::string &handle) {
    addStream(tensor, handle, true, 1, begun_, program);
  };
  if (arguments_.state.empty()) {
    return program;
  }
  for (const Population *population : populations_) {
    receive(population->voltage, population->name + "/voltage begins");
    receive(population->current, population->name + "/current begins");
    receive(population->sent, population->name + "/sent before");
    receive(population->events.list, population->name + "/events before");
  }
  for (const Source *source : sources_) {
    receive(source->events.list, source->name + "/events before");
  }
  for (std::size_t i = 0; i < between.kept.size(); ++i) {
    receive(between.kept[i], "late " + std::to_string(i));
  }
  return program;
}

// Gives the host the states that a sample leaves.
Sequence Session::end() {
  Sequence program;
  for (const Population *population : populations_) {
    if (!arguments_.left.empty()) {
      addStream(population->voltage, population->name + "/voltage left", false, 1, left_, program);
      addStream(population->current, population->name + "/current left", false, 1, left_, program);
    }
  }
  return program;
}

void Session::connect(poplar::Engine &engine) {
  for (std::vector<Stream> *streams : {&inputs_, &outputs_, &begun_, &left_}) {
    for (Stream &stream : *streams) {
      engine.connectStream(stream.handle, stream.data.data(), stream.data.data() + stream.data.size());
    }
  }
  engine.connectStream("counts", counts_.data());
  engine.connectStream("clipped", clipped_.data());
}

void Session::check() const {
  for (std::size_t i = 0; i < populations_.size(); ++i) {
    const Events &events = populations_[i]->events;
    if (events.capacity != 0 && !events.drops && counts_[2 * i] > events.capacity) {
      throw std::runtime_error("'" + populations_[i]->name + "' sent " + std::to_string(counts_[2 * i]) +
                               " events in a step; its list holds " + std::to_string(events.capacity) +
                               "; compile with busier data to calibrate with, or with none, or with a larger capacity");
    }
  }
}

void Session::run(const poplar::Device &device, Store &store, const poplar::program::Program &step,
                  const Between &between) {
  Sequence first = reset(between.cleared);
  first.add(begin(between));
  Sequence last = end();
  addCounters(last);
  poplar::Engine engine(graph_, {store.program(), first, Repeat(arguments_.steps, step), last});
  engine.load(device);
  store.connect(engine);
  connect(engine);
  engine.run(0);
  std::ifstream input(arguments_.input, std::ios::binary);
  std::ifstream state(arguments_.state, std::ios::binary);
  std::ofstream output(arguments_.output, std::ios::binary);
  std::ofstream left(arguments_.left, std::ios::binary);
  for (unsigned number = 0; number < arguments_.samples; ++number) {
    sample(engine, input, state, output, left);
    check();
  }
}

void Session::sample(poplar::Engine &engine, std::istream &input, std::istream &state, std::ostream &output,
                     std::ostream &left) {
  const auto read = [](std::istream &file, std::vector<Stream> &streams) {
    for (Stream &stream : streams) {
      file.read(stream.data.data(), static_cast<std::streamsize>(stream.data.size()));
    }
  };
  const auto write = [](std::ostream &file, const std::vector<Stream> &streams) {
    for (const Stream &stream : streams) {
      file.write(stream.data.data(), static_cast<std::streamsize>(stream.data.size()));
    }
  };
  if (state.peek() == std::char_traits<char>::eof()) { // the state of one sample is that of all
    state.clear();
    state.seekg(0);
  }
  read(input, inputs_);
  read(state, begun_);
  for (const unsigned program : {1U, 2U, 3U}) {
    engine.run(program);
  }
  write(output, outputs_);
  write(left, left_);
  for (const std::vector<unsigned> *words : {&counts_, &clipped_}) {
    output.write(reinterpret_cast<const char *>(words->data()),
                 static_cast<std::streamsize>(words->size() * sizeof(unsigned)));
  }
}

int guarded(const std::function<void()> &program) {
  try {
    program();
    return 0;
  } catch (const std::exception &error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}

} // namespace axonc
