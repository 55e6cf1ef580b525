// What the host does: it uploads the weights, sends inputs, receives what is recorded, and says what went wrong.
#ifndef AXONC_HOST_HPP
#define AXONC_HOST_HPP

#include <functional>
#include <iosfwd>
#include <poplar/Engine.hpp>
#include <string>
#include <utility>
#include <vector>

#include "network.hpp"

namespace axonc {

// The file of weights and parameters. It holds what part 1 of the program asks for, in that order.
class Store {
public:
  explicit Store(const std::string &path);

  // The next numbers of the file, for the host itself.
  std::vector<unsigned> numbers(std::size_t count);

  // The next elements of the file become those of a tensor when `program` runs.
  void upload(Graph &graph, const Tensor &tensor, const std::string &name);

  const poplar::program::Sequence &program() const { return program_; }
  void connect(poplar::Engine &engine);

private:
  char *take(std::size_t bytes);

  struct Transfer {
    std::string handle;
    char *data;
  };
  std::vector<char> file_;
  std::size_t used_ = 0;
  std::vector<Transfer> transfers_;
  poplar::program::Sequence program_;
};

// The command line: NAME=VALUE each. `record`: numbers of signals with commas between.
struct Arguments {
  Arguments(int count, char **values);

  std::string weights = "../data/weights.bin";
  std::string input = "input.bin";
  std::string output = "output.bin";
  std::string state; // the states with which samples begin; nothing: zero
  std::string left;  // where those go that samples leave; nothing: nowhere
  unsigned steps = 1;
  unsigned samples = 1;
  std::vector<unsigned> record;
};

// A signal that can be recorded.
using Signal = std::pair<std::string, Tensor>;

// Runs a network over samples, each from the reset state or one that is given.
class Session {
public:
  Session(Graph &graph, Arguments arguments, std::vector<const Source *> sources,
          std::vector<const Population *> populations, std::vector<Signal> signals);

  // What receives a step's inputs, and what sends what is recorded of it.
  const poplar::program::Sequence &receive() const { return receive_; }
  const poplar::program::Sequence &send() const { return send_; }

  // Uploads, then for every sample: its state, as many steps as asked for, what it leaves, and the counters. Throws if a
  // list was too short.
  void run(const poplar::Device &device, Store &store, const poplar::program::Program &step, const Between &between);

private:
  struct Stream {
    std::string handle;
    std::vector<char> data;
  };

  // A copy of `steps` rows of a tensor between the device and the stream that it is added to.
  void addStream(const Tensor &tensor, const std::string &handle, bool toDevice, std::size_t rows,
                 std::vector<Stream> &streams, poplar::program::Sequence &program);
  void addCounters(poplar::program::Sequence &program);
  poplar::program::Sequence reset(std::vector<Tensor> cleared);
  poplar::program::Sequence begin(const Between &between);
  poplar::program::Sequence end();
  void sample(poplar::Engine &engine, std::istream &input, std::istream &state, std::ostream &output,
              std::ostream &left);
  void connect(poplar::Engine &engine);
  void check() const;

  Graph &graph_;
  Arguments arguments_;
  std::vector<const Source *> sources_;
  std::vector<const Population *> populations_;
  poplar::program::Sequence receive_;
  poplar::program::Sequence send_;
  std::vector<Stream> inputs_;
  std::vector<Stream> outputs_;
  std::vector<Stream> begun_;
  std::vector<Stream> left_;
  std::vector<unsigned> counts_;
  std::vector<unsigned> clipped_;
};

// The value of `program`; an exception becomes a line on the error stream and exit code 1.
int guarded(const std::function<void()> &program);

} // namespace axonc

#endif
