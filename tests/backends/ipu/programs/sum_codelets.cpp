// The sum of a vector.
#include <poplar/Vertex.hpp>

using namespace poplar;

class Sum : public Vertex {
public:
  Input<Vector<float>> in;
  Output<float> out;
  const float offset;

  bool compute() {
    float total = offset;
    for (const float value : in) {
      total += value;
    }
    *out = total;
    return true;
  }
};
