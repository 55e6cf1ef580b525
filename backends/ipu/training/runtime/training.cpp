#include "training.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <stdexcept>

#include "codelets/workers.hpp"

namespace axonc {

using poplar::program::Copy;
using poplar::program::Program;
using poplar::program::Sequence;

namespace {

constexpr std::uint64_t LAUNCH = 11; // cycles to start a vertex

void setNumber(Graph &graph, poplar::VertexRef vertex, const Number &number) {
  std::visit([&](auto value) { graph.setInitialValue(vertex[number.first], value); }, number.second);
}

} // namespace

Pieces addTensor(Graph &graph, const Type &type, const std::string &name, Layout layout, std::size_t each,
                 std::size_t fixed) {
  Pieces made{layout, each, fixed, {}};
  std::vector<std::size_t> sizes;
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    sizes.push_back(made.count(tile));
  }
  made.tensor = addPieces(graph, type, name, layout.firstTile, sizes);
  return made;
}

FieldOf FieldOf::piece(const char *name, const Pieces &pieces) { return {name, View::Piece, {pieces}, {}}; }

FieldOf FieldOf::rows(const char *name, std::vector<Pieces> pieces) {
  return {name, View::Rows, std::move(pieces), {}};
}

FieldOf FieldOf::whole(const char *name, const Pieces &pieces) { return {name, View::Whole, {pieces}, {}}; }

FieldOf FieldOf::column(const char *name, const Pieces &pieces, const Pieces &like) {
  return {name, View::Column, {pieces}, like};
}

FieldOf FieldOf::none(const char *name, const Type &type) { return {name, View::Piece, {}, {}, type}; }

void FieldOf::connect(Graph &graph, poplar::VertexRef vertex, unsigned tile) const {
  if (pieces_.empty()) {
    graph.connect(vertex[name_], graph.addVariable(type_, {0}));
  } else if (view_ == View::Rows) {
    graph.setFieldSize(vertex[name_], pieces_.size());
    for (std::size_t row = 0; row < pieces_.size(); ++row) {
      graph.connect(vertex[name_][row], pieces_[row].piece(tile));
    }
  } else if (view_ == View::Column) {
    const Pieces &pieces = pieces_[0];
    graph.setFieldSize(vertex[name_], pieces.layout.tiles());
    for (unsigned row = 0; row < pieces.layout.tiles(); ++row) {
      const std::size_t begin = pieces.begin(row) + like_.begin(tile);
      graph.connect(vertex[name_][row], pieces.tensor.slice(begin, begin + like_.count(tile)));
    }
  } else {
    graph.connect(vertex[name_], view_ == View::Whole ? pieces_[0].tensor : pieces_[0].piece(tile));
  }
}

void addVertices(Graph &graph, ComputeSet set, const std::string &type, const Layout &layout,
                 const std::vector<FieldOf> &fields, const std::vector<Number> &numbers, std::uint64_t instructions) {
  for (unsigned tile = 0; tile < layout.tiles(); ++tile) {
    const poplar::VertexRef vertex = graph.addVertex(set, type);
    for (const FieldOf &field : fields) {
      field.connect(graph, vertex, tile);
    }
    for (const Number &number : numbers) {
      setNumber(graph, vertex, number);
    }
    graph.setTileMapping(vertex, layout.firstTile + tile);
    graph.setPerfEstimate(vertex, LAUNCH + WORKERS * instructions);
  }
}

Rows addRows(Graph &graph, const std::string &name, const std::vector<Pieces> &pieces, std::size_t rows) {
  std::vector<Tensor> parts;
  for (const Pieces &one : pieces) {
    parts.push_back(one.tensor);
  }
  const Tensor all = poplar::concat(parts);
  return {graph.addRemoteBuffer(name, all.elementType(), all.numElements(), rows), all};
}

TrainingArguments::TrainingArguments(int count, char **values) {
  std::map<std::string, std::string *> known{{"weights", &weights}, {"samples", &samples}, {"learned", &learned}};
  for (int i = 1; i < count; ++i) {
    const std::string text = values[i];
    const std::string name = text.substr(0, text.find('='));
    const std::string value = text.substr(std::min(name.size() + 1, text.size()));
    if (name == "steps") {
      steps = static_cast<unsigned>(std::stoul(value));
    } else if (const auto found = known.find(name); found != known.end()) {
      *found->second = value;
    } else {
      throw std::runtime_error("unknown argument '" + name + "'; known are weights, samples, learned and steps");
    }
  }
}

Trainer::Transfer Trainer::transferOf(const std::string &handle, const Tensor &tensor) const {
  const std::size_t bytes = tensor.numElements() * graph_.getTarget().getTypeSize(tensor.elementType());
  return {handle, std::vector<char>(bytes)};
}

void Trainer::addInput(const std::string &handle, const Rows &rows) {
  inputs_.push_back(transferOf(handle, rows.tensor));
}

Program Trainer::receive(const std::string &name, const Pieces &pieces) {
  received_.push_back(transferOf(name, pieces.tensor));
  return Copy(graph_.addHostToDeviceFIFO(name, pieces.tensor.elementType(), pieces.tensor.numElements()), pieces.tensor);
}

Program Trainer::send(const std::string &name, const Pieces &pieces) {
  sent_.push_back(transferOf(name, pieces.tensor));
  return Copy(pieces.tensor, graph_.addDeviceToHostFIFO(name, pieces.tensor.elementType(), pieces.tensor.numElements()));
}

void Trainer::addLearned(const std::string &name, const Pieces &pieces) {
  const std::string handle = "learned/" + name;
  const Tensor &tensor = pieces.tensor;
  learned_.push_back(transferOf(handle, tensor));
  download_.add(Copy(tensor, graph_.addDeviceToHostFIFO(handle, tensor.elementType(), tensor.numElements())));
}

void Trainer::run(const poplar::Device &device, Store &store, const Program &begin, const Program &step) {
  poplar::Engine engine(graph_, {Sequence{store.program(), begin}, step, download_});
  engine.load(device);
  store.connect(engine);
  for (std::vector<Transfer> *transfers : {&received_, &sent_, &learned_}) {
    for (Transfer &one : *transfers) {
      engine.connectStream(one.handle, one.data.data());
    }
  }
  engine.run(0);
  std::ifstream samples(arguments_.samples, std::ios::binary);
  std::ofstream learned(arguments_.learned, std::ios::binary);
  const auto read = [&](Transfer &one) { samples.read(one.data.data(), static_cast<std::streamsize>(one.data.size())); };
  const auto write = [&](const Transfer &one) {
    learned.write(one.data.data(), static_cast<std::streamsize>(one.data.size()));
  };
  for (unsigned turn = 0; turn < arguments_.steps; ++turn) {
    for (Transfer &input : inputs_) {
      for (unsigned row = 0; row < length_; ++row) {
        read(input);
        engine.copyToRemoteBuffer(input.data.data(), input.handle, row);
      }
    }
    for (Transfer &one : received_) {
      read(one);
    }
    engine.run(1);
    for (const Transfer &one : sent_) {
      write(one);
    }
  }
  engine.run(2);
  for (const Transfer &one : learned_) {
    write(one);
  }
}

} // namespace axonc
