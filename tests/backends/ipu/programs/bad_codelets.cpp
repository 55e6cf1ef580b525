// Fields that no vertex can have.
#include <poplar/Vertex.hpp>

using namespace poplar;

struct Point {
  float x, y;
};

class Bad : public Vertex {
public:
  Input<Vector<float>> fine;
  Point point;
  float array[4];
  float *pointer;
  Vector<Input<Vector<Vector<float>>>> deep;
  Input<Vector<double>> wide;
  Input<Vector<long>> size;
  Vector<Input<float>> scalars;
  union {
    float either;
    unsigned other;
  };

  bool compute() { return true; }
};
