// Units of GRU and LSTM in float, and their adjoints. Gates of a GRU: update, reset, candidate, or without the reset where
// it comes before the matrix; of an LSTM: input, output, forget, cell. Every operation is rounded once, in the order of
// the interpreter.
#include "functions.h" // before Poplar, whose names it must not see

#include <poplar/Vertex.hpp>

#include "gates.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// One step of a GRU whose reset comes after the matrix: `read` has the part of the gates that it acts on.
class GruAfter : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> read;
  InOut<Vector<float>> cell;
  Output<Vector<float>> u;
  Output<Vector<float>> r;
  Output<Vector<float>> g;
  Output<Vector<float>> d;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    eachUnit<3>(worker, y.size(), batch, [&](unsigned, std::size_t at, const std::size_t *gates) {
      u[at] = axonc_sigmoidf(summed(inputs, gates[0]) + read[gates[0]]);
      r[at] = axonc_sigmoidf(summed(inputs, gates[1]) + read[gates[1]]);
      g[at] = axonc_tanhf(summed(inputs, gates[2]) + r[at] * read[gates[2]]);
      d[at] = cell[at] - g[at];
      cell[at] = u[at] * cell[at] + (1.0F - u[at]) * g[at];
      y[at] = cell[at];
    });
    return true;
  }
};

// One step of a GRU whose reset came before the matrix.
class GruBefore : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  InOut<Vector<float>> cell;
  Output<Vector<float>> u;
  Output<Vector<float>> g;
  Output<Vector<float>> d;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    eachUnit<2>(worker, y.size(), batch, [&](unsigned, std::size_t at, const std::size_t *gates) {
      u[at] = axonc_sigmoidf(summed(inputs, gates[0]));
      g[at] = axonc_tanhf(summed(inputs, gates[1]));
      d[at] = cell[at] - g[at];
      cell[at] = u[at] * cell[at] + (1.0F - u[at]) * g[at];
      y[at] = cell[at];
    });
    return true;
  }
};

// The derivative y of a GRU's state; `kept`: how that depended on the state of the step before.
class GruBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> kept;
  InOut<Vector<float>> cell;
  Output<Vector<float>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      y[n] = summed(inputs, n) + cell[n];
      cell[n] = kept[n] * y[n];
    });
    return true;
  }
};

// The derivatives y of what entered the two gates of a GRU whose reset came before the matrix.
class GruGatesBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> u;
  Input<Vector<float>> g;
  Input<Vector<float>> d;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    eachUnit<2>(worker, u.size(), batch, [&](unsigned, std::size_t at, const std::size_t *gates) {
      const float c = summed(inputs, at);
      y[gates[0]] = c * d[at] * (u[at] * (1.0F - u[at]));
      y[gates[1]] = c * (1.0F - u[at]) * (1.0F - g[at] * g[at]);
    });
    return true;
  }
};

// A reset gate r, and y = r times what it reads.
class ResetGate : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> read;
  Output<Vector<float>> r;
  Output<Vector<float>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      r[n] = axonc_sigmoidf(summed(inputs, n));
      y[n] = r[n] * read[n];
    });
    return true;
  }
};

// The derivative y of what entered a reset gate.
class ResetGateBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> r;
  Input<Vector<float>> read;
  Output<Vector<float>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      y[n] = summed(inputs, n) * read[n] * (r[n] * (1.0F - r[n]));
    });
    return true;
  }
};

// The derivative y of what a reset gate reads.
class ResetGateReadBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> r;
  Output<Vector<float>> y;

  bool compute(unsigned worker) {
    each(worker, y.size(), [&](unsigned n) {
      y[n] = summed(inputs, n) * r[n];
    });
    return true;
  }
};

// One step of an LSTM. `peephole`: for each unit what input, output and forget gate see of the cell. t: tanh of the cell,
// last: the cell before.
class Lstm : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> peephole;
  InOut<Vector<float>> cell;
  Output<Vector<float>> i;
  Output<Vector<float>> o;
  Output<Vector<float>> f;
  Output<Vector<float>> g;
  Output<Vector<float>> t;
  Output<Vector<float>> last;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    eachUnit<4>(worker, y.size(), batch, [&](unsigned n, std::size_t at, const std::size_t *gates) {
      const float *p = &peephole[std::size_t{3} * n];
      last[at] = cell[at];
      i[at] = axonc_sigmoidf(summed(inputs, gates[0]) + p[0] * last[at]);
      f[at] = axonc_sigmoidf(summed(inputs, gates[2]) + p[2] * last[at]);
      g[at] = axonc_tanhf(summed(inputs, gates[3]));
      cell[at] = f[at] * last[at] + i[at] * g[at];
      o[at] = axonc_sigmoidf(summed(inputs, gates[1]) + p[1] * cell[at]);
      t[at] = axonc_tanhf(cell[at]);
      y[at] = o[at] * t[at];
    });
    return true;
  }
};

// The derivatives y of what entered the gates of an LSTM; `cell`: that of the cell, from the step after.
class LstmBack : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> peephole;
  Input<Vector<float>> i;
  Input<Vector<float>> o;
  Input<Vector<float>> f;
  Input<Vector<float>> g;
  Input<Vector<float>> t;
  Input<Vector<float>> last;
  InOut<Vector<float>> cell;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    eachUnit<4>(worker, i.size(), batch, [&](unsigned n, std::size_t at, const std::size_t *gates) {
      const float *p = &peephole[std::size_t{3} * n];
      const float sent = summed(inputs, at);
      const float output = sent * t[at] * (o[at] * (1.0F - o[at]));
      const float c = sent * o[at] * (1.0F - t[at] * t[at]) + p[1] * output + cell[at];
      const float input = c * g[at] * (i[at] * (1.0F - i[at]));
      const float forget = c * last[at] * (f[at] * (1.0F - f[at]));
      y[gates[0]] = input;
      y[gates[1]] = output;
      y[gates[2]] = forget;
      y[gates[3]] = c * i[at] * (1.0F - g[at] * g[at]);
      cell[at] = f[at] * c + p[0] * input + p[2] * forget;
    });
    return true;
  }
};

} // namespace axonc
