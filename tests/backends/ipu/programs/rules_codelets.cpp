#include <poplar/Vertex.hpp>

using namespace poplar;

// Writes the first `count` elements only.
class PartialOutput : public Vertex {
public:
  Input<Vector<float>> in;
  Output<Vector<float>> out;
  const unsigned count;

  bool compute() {
    for (unsigned i = 0; i < count; ++i) {
      out[i] = in[i] + 1.0F;
    }
    return true;
  }
};

class PartialInOut : public Vertex {
public:
  Input<Vector<float>> in;
  InOut<Vector<float>> out;
  const unsigned count;

  bool compute() {
    for (unsigned i = 0; i < count; ++i) {
      out[i] = in[i] + 1.0F;
    }
    return true;
  }
};

class Add : public Vertex {
public:
  Input<Vector<float>> in;
  Output<Vector<float>> out;

  bool compute() {
    for (unsigned i = 0; i < out->size(); ++i) {
      out[i] = in[i] + 1.0F;
    }
    return true;
  }
};

class Set : public Vertex {
public:
  Output<short> out;
  const unsigned char value;

  bool compute() {
    *out = value;
    return true;
  }
};

class Pair : public Vertex {
public:
  Output<Vector<float>> a;
  Output<Vector<float>> b;

  bool compute() {
    a[0] = 1.0F;
    b[0] = 2.0F;
    return true;
  }
};

class Many : public Vertex {
public:
  Vector<Input<Vector<float>>> in;
  Output<float> out;

  bool compute() {
    *out = in[0][0];
    return true;
  }
};

class Stateful : public Vertex {
public:
  Output<float> out;
  Vector<float> table;

  bool compute() {
    *out = table[0];
    return true;
  }
};
