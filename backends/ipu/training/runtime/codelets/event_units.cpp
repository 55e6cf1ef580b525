// Event-based gated units in float, and their adjoints. What belongs to the three gates has a lane for each: update,
// reset, candidate. Every operation is rounded once, in the order of the interpreter.
#include "functions.h" // before Poplar, whose names it must not see

#include <poplar/Vertex.hpp>

#include "gates.hpp"
#include "surrogate.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step. `inputs` and `read`: what enters the gates. m: the cell before the test, o: whether it passed, d: the change
// that the update gate lets through.
class EventUnits : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> read;
  Input<Vector<float>> threshold;
  InOut<Vector<float>> cell;
  Output<Vector<float>> m;
  Output<Vector<float>> o;
  Output<Vector<float>> u;
  Output<Vector<float>> r;
  Output<Vector<float>> g;
  Output<Vector<float>> d;
  Output<Vector<float>> y;
  const unsigned batch = 1;
  const float zoneout = 0;

  bool compute(unsigned worker) {
    eachUnit<3>(worker, y.size(), batch, [&](unsigned n, std::size_t at, const std::size_t *gates) {
      const float old = cell[at];
      u[at] = zoneout + (1.0F - zoneout) * axonc_sigmoidf(summed(inputs, gates[0]) + read[gates[0]]);
      r[at] = axonc_sigmoidf(summed(inputs, gates[1]) + read[gates[1]]);
      g[at] = axonc_tanhf(summed(inputs, gates[2]) + r[at] * read[gates[2]]);
      d[at] = old - g[at];
      m[at] = u[at] * old + (1.0F - u[at]) * g[at];
      o[at] = m[at] > threshold[n] ? 1.0F : 0.0F;
      cell[at] = m[at] - o[at] * threshold[n];
      y[at] = o[at] * m[at];
    });
    return true;
  }
};

// The derivative y of the cell before the test; `kept`: how that depended on the cell of the step before.
class EventUnitsBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> threshold;
  Input<Vector<float>> before;
  Input<Vector<float>> fired;
  Input<Vector<float>> kept;
  InOut<Vector<float>> cell;
  Output<Vector<float>> y;
  const unsigned batch = 1;
  const unsigned surrogate = SUPERSPIKE;
  const float steepness = 1;
  const float height = 1;
  const float below = 1;
  const bool attached = false;

  bool compute(unsigned worker) {
    eachUnit<3>(worker, y.size(), batch, [&](unsigned n, std::size_t at, const std::size_t *) {
      const float sent = summed(inputs, at);
      const float slope = surrogateOf(surrogate, before[at] - threshold[n], steepness, height, below);
      const float event = attached ? sent * before[at] - threshold[n] * cell[at] : sent * before[at];
      y[at] = fired[at] * sent + cell[at] + slope * event;
      cell[at] = kept[at] * y[at];
    });
    return true;
  }
};

// The derivatives y of what entered the gates, from that of the cell.
class GatesBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> u;
  Input<Vector<float>> r;
  Input<Vector<float>> g;
  Input<Vector<float>> d;
  Input<Vector<float>> read;
  Output<Vector<float>> y;
  const unsigned batch = 1;
  const float zoneout = 0;

  bool compute(unsigned worker) {
    eachUnit<3>(worker, u.size(), batch, [&](unsigned, std::size_t at, const std::size_t *gates) {
      const float m = summed(inputs, at);
      const float candidate = m * (1.0F - u[at]) * (1.0F - g[at] * g[at]);
      y[gates[0]] = m * d[at] * ((u[at] - zoneout) * (1.0F - u[at]) / (1.0F - zoneout));
      y[gates[1]] = candidate * read[gates[2]] * (r[at] * (1.0F - r[at]));
      y[gates[2]] = candidate;
    });
    return true;
  }
};

// Of those, the part of what the unit reads.
class ReadBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> r;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    eachUnit<3>(worker, r.size(), batch, [&](unsigned, std::size_t at, const std::size_t *gates) {
      y[gates[0]] = summed(inputs, gates[0]);
      y[gates[1]] = summed(inputs, gates[1]);
      y[gates[2]] = r[at] * summed(inputs, gates[2]);
    });
    return true;
  }
};

} // namespace axonc
