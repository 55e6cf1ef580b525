// What the test programs share: a device, and lines "name value value ..." for the test to read.
#ifndef SHOW_HPP
#define SHOW_HPP

#include <axonc_ipu/half.hpp>
#include <iostream>
#include <map>
#include <poplar/Engine.hpp>
#include <poplar/IPUModel.hpp>
#include <string>

inline poplar::Device deviceOf(unsigned tiles, unsigned ipus = 1) {
  poplar::IPUModel model;
  model.numIPUs = ipus;
  model.tilesPerIPU = tiles;
  return model.createDevice();
}

// Tensors that are read and printed at the end.
class Shown {
public:
  explicit Shown(poplar::Graph &graph) : graph_(graph) {}

  void add(const std::string &name, const poplar::Tensor &tensor) {
    graph_.createHostRead(name, tensor);
    tensors_.emplace(name, tensor);
  }

  void print(poplar::Engine &engine) const {
    for (const auto &[name, tensor] : tensors_) {
      std::cout.precision(9);
      std::cout << name;
      if (tensor.elementType() == poplar::FLOAT) {
        values<float>(engine, name, tensor.numElements());
      } else if (tensor.elementType() == poplar::INT) {
        values<int>(engine, name, tensor.numElements());
      } else if (tensor.elementType() == poplar::UNSIGNED_INT) {
        values<unsigned>(engine, name, tensor.numElements());
      } else if (tensor.elementType() == poplar::SHORT) {
        values<short>(engine, name, tensor.numElements());
      } else if (tensor.elementType() == poplar::HALF) {
        values<axonc_ipu::Half>(engine, name, tensor.numElements());
      } else {
        values<unsigned char>(engine, name, tensor.numElements());
      }
      std::cout << '\n';
    }
  }

private:
  template <class T> static void values(poplar::Engine &engine, const std::string &name, std::size_t count) {
    std::vector<T> read(count);
    engine.readTensor(name, read.data(), read.data() + read.size());
    for (const T &value : read) {
      std::cout << ' ' << +value;
    }
  }

  poplar::Graph &graph_;
  std::map<std::string, poplar::Tensor> tensors_;
};

#endif
