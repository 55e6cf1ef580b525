// Building blocks of a training program: tensors in pieces, vertices on every tile of a layout, and the host that sends
// samples and receives what was learned. Sizes come from the program; nothing here knows a network.
#ifndef AXONC_TRAINING_HPP
#define AXONC_TRAINING_HPP

#include <poplar/Engine.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "host.hpp"

namespace axonc {

// ---- Part 1: tensors

// Elements for every neuron of a layout: `each` of them, in one piece on each tile.
struct Pieces {
  Layout layout;
  std::size_t each = 0; // elements of a neuron
  std::size_t fixed = 0; // if not 0: elements of a tile, however many neurons it has
  Tensor tensor = {};

  std::size_t count(unsigned tile) const { return fixed != 0 ? fixed : layout.count(tile) * each; }
  std::size_t begin(unsigned tile) const { return fixed != 0 ? tile * fixed : layout.first(tile) * each; }
  Tensor piece(unsigned tile) const { return tensor.slice(begin(tile), begin(tile) + count(tile)); }
};

// A tensor on the tiles of a layout.
Pieces addTensor(Graph &graph, const Type &type, const std::string &name, Layout layout, std::size_t each,
                 std::size_t fixed = 0);

// ---- Part 2: vertices

// What a field of a vertex is connected to: for every tile a tensor, or several for a field of two dimensions.
class FieldOf {
public:
  // The piece of the vertex's own tile.
  static FieldOf piece(const char *name, const Pieces &pieces);
  // The pieces of several tensors, as rows.
  static FieldOf rows(const char *name, std::vector<Pieces> pieces);
  // All of a tensor.
  static FieldOf whole(const char *name, const Pieces &pieces);
  // Of the piece on every tile, as a row, the part that lies as the vertex's own piece of `like` does in all of that.
  static FieldOf column(const char *name, const Pieces &pieces, const Pieces &like);
  // Nothing, of a type.
  static FieldOf none(const char *name, const Type &type);

  void connect(Graph &graph, poplar::VertexRef vertex, unsigned tile) const;

private:
  enum class View { Piece, Rows, Whole, Column };
  FieldOf(const char *name, View view, std::vector<Pieces> pieces, Pieces like, Type type = poplar::FLOAT)
      : name_(name), view_(view), pieces_(std::move(pieces)), like_(std::move(like)), type_(type) {}

  const char *name_;
  View view_;
  std::vector<Pieces> pieces_;
  Pieces like_;
  Type type_;
};

// A plain field of a vertex.
using Number = std::pair<const char *, std::variant<unsigned, float, bool>>;

// Adds a vertex to every tile of a layout. `instructions`: of its busiest worker.
void addVertices(Graph &graph, ComputeSet set, const std::string &type, const Layout &layout,
                 const std::vector<FieldOf> &fields, const std::vector<Number> &numbers, std::uint64_t instructions);

// ---- Part 3: the host

// Rows of what several tensors of one type hold together.
struct Rows {
  poplar::RemoteBuffer buffer;
  Tensor tensor;
};

Rows addRows(Graph &graph, const std::string &name, const std::vector<Pieces> &pieces, std::size_t rows);

// The command line: NAME=VALUE each.
struct TrainingArguments {
  TrainingArguments(int count, char **values);

  std::string weights = "../data/weights.bin";
  std::string samples = "samples.bin";
  std::string learned = "learned.bin";
  unsigned steps = 1;
};

// Sends the samples of every step of training, receives its loss and output, and in the end the parameters.
class Trainer {
public:
  Trainer(Graph &graph, TrainingArguments arguments, unsigned length) : graph_(graph), arguments_(std::move(arguments)), length_(length) {}

  // A row of this buffer is what an input gives in a step of a sequence.
  void addInput(const std::string &handle, const Rows &rows);
  // What moves a tensor from the host or to it in every step of training.
  poplar::program::Program receive(const std::string &name, const Pieces &pieces);
  poplar::program::Program send(const std::string &name, const Pieces &pieces);
  // A parameter that the host receives in the end.
  void addLearned(const std::string &name, const Pieces &pieces);

  // Uploads, begins, and takes as many steps of training as asked for.
  void run(const poplar::Device &device, Store &store, const poplar::program::Program &begin,
           const poplar::program::Program &step);

private:
  struct Transfer {
    std::string handle;
    std::vector<char> data;
  };
  Transfer transferOf(const std::string &handle, const Tensor &tensor) const;

  Graph &graph_;
  TrainingArguments arguments_;
  unsigned length_;
  std::vector<Transfer> inputs_;
  std::vector<Transfer> received_;
  std::vector<Transfer> sent_;
  std::vector<Transfer> learned_;
  poplar::program::Sequence download_;
};

} // namespace axonc

#endif
