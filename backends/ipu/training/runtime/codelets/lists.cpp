// Lists of neurons in place of all values: who sent an event, and who else has a derivative.
//
// The marks of a neuron say what it is in: SENT, and LEARNS if its surrogate is not 0. The list of a sample is how many
// sent, how many it has, then their numbers, ascending: first those that sent, then those that only learn.
#include <poplar/Vertex.hpp>

#include "signals.hpp"
#include "surrogate.hpp"

#pragma STDC FP_CONTRACT OFF

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

enum Mark : unsigned char { SENT = 1, LEARNS = 2 };

// Where numbers begin in a list.
constexpr std::size_t HEAD = 2;

// The first of ascending numbers that is not below a value.
inline const unsigned short *firstFrom(const unsigned short *begin, const unsigned short *end, unsigned value) {
  while (begin != end) {
    const unsigned short *middle = begin + (end - begin) / 2;
    if (*middle < value) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// The marks of neurons, of their voltage `before` the test and their events.
class Marks : public poplar::MultiVertex {
public:
  Input<Vector<float>> before;
  Input<Vector<unsigned char>> events;
  Input<Vector<float>> thresholds;
  Output<Vector<unsigned char>> y;
  const unsigned batch = 1;
  const unsigned surrogate = SUPERSPIKE;
  const float steepness = 1;
  const float height = 1;
  const float below = 1;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    eachRow(rangeOf(worker, y.size()), width, [&](unsigned sample, unsigned begin, unsigned end) {
      for (unsigned n = begin; n < end; ++n) {
        const std::size_t at = std::size_t{sample} * width + n;
        const bool learns = surrogateOf(surrogate, before[at] - thresholds[n], steepness, height, below) != 0.0F;
        y[at] = static_cast<unsigned char>((events[at] != 0 ? SENT : 0) | (learns ? LEARNS : 0));
      }
    });
    return true;
  }
};

// The list of a tile's neurons for each sample, numbered from 0. Workers share samples.
class Find : public poplar::MultiVertex {
public:
  Input<Vector<unsigned char>> marks;
  Output<Vector<unsigned short>> found;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    const std::size_t width = marks.size() / batch;
    const std::size_t row = found.size() / batch;
    for (unsigned sample = worker; sample < batch; sample += WORKERS) {
      const unsigned char *from = &marks[sample * width];
      unsigned short *list = &found[sample * row];
      std::size_t end = HEAD;
      const auto append = [&](auto wanted) { // gives how many neurons the list has then
        for (std::size_t n = 0; n < width; ++n) {
          if (wanted(from[n])) {
            list[end++] = static_cast<unsigned short>(n);
          }
        }
        return static_cast<unsigned short>(end - HEAD);
      };
      list[0] = append([](unsigned char mark) { return (mark & SENT) != 0; });
      list[1] = append([](unsigned char mark) { return mark == LEARNS; });
    }
    return true;
  }
};

// Joins what tiles of `perTile` neurons found into one list for each of the vertex's samples, of `row` words with room for
// `capacity` neurons. `most`: the longest list that there was, of all that were ever joined.
class Join : public poplar::MultiVertex {
public:
  Vector<Input<Vector<unsigned short>>> found;
  Output<Vector<unsigned short>> list;
  InOut<Vector<unsigned>> most;
  const unsigned perTile = 1;
  const unsigned capacity = 0;

  bool compute(unsigned worker) {
    const std::size_t samples = most.size();
    const std::size_t row = list.size() / samples;
    const std::size_t each = found[0].size() / samples;
    for (std::size_t sample = worker; sample < samples; sample += WORKERS) {
      unsigned short *to = &list[sample * row];
      const unsigned sent = join(to, 0, sample * each, false);
      const unsigned all = join(to, sent, sample * each, true);
      to[0] = static_cast<unsigned short>(sent < capacity ? sent : capacity);
      to[1] = static_cast<unsigned short>(all < capacity ? all : capacity);
      most[sample] = most[sample] < all ? all : most[sample];
    }
    return true;
  }

private:
  // Appends what every tile has of one kind behind `count` numbers; gives how many there should be.
  unsigned join(unsigned short *to, unsigned count, std::size_t begin, bool learning) {
    for (unsigned tile = 0; tile < found.size(); ++tile) {
      const unsigned short *from = &found[tile][begin];
      const unsigned end = learning ? from[1] : from[0];
      for (unsigned i = learning ? from[0] : 0U; i < end; ++i, ++count) {
        if (count < capacity) {
          to[HEAD + count] = static_cast<unsigned short>(tile * perTile + from[HEAD + i]);
        }
      }
    }
    return count;
  }
};

// y[b] = bias + sum over the sources i that sent of weights[i].
class ListProduct : public poplar::MultiVertex {
public:
  Input<Vector<unsigned short>> list;
  Input<Vector<float>> weights;
  Input<Vector<float>> bias;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    const std::size_t row = list.size() / batch;
    eachRow(rangeOf(worker, y.size()), width, [&](unsigned sample, unsigned begin, unsigned end) {
      float *sums = &y[std::size_t{sample} * width];
      for (unsigned n = begin; n < end; ++n) {
        sums[n] = begun(bias, n);
      }
      const unsigned short *ids = &list[sample * row];
      for (unsigned at = 0; at < ids[0]; ++at) {
        const float *from = &weights[std::size_t{ids[HEAD + at]} * width];
        for (unsigned n = begin; n < end; ++n) {
          sums[n] += from[n];
        }
      }
    });
    return true;
  }
};

// gradient[i, n] += sum over the samples in which source i sent of y[b, n], y the sum of `inputs`. Workers share sources.
class ListOuter : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<unsigned short>> list;
  InOut<Vector<float>> gradient;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    const std::size_t width = inputs[0].size() / batch;
    const std::size_t row = list.size() / batch;
    const Range mine = rangeOf(worker, gradient.size() / width);
    for (unsigned sample = 0; sample < batch; ++sample) {
      const unsigned short *ids = &list[sample * row];
      const unsigned short *end = ids + HEAD + ids[0];
      for (const unsigned short *id = firstFrom(ids + HEAD, end, mine.begin); id != end && *id < mine.end; ++id) {
        for (std::size_t n = 0; n < width; ++n) {
          gradient[*id * width + n] += summed(inputs, sample * width + n);
        }
      }
    }
    return true;
  }
};

// What a tile's neurons contribute to the derivative of each source of a list: parts[b, k] = sum over n of
// weights[id k, n] y[b, n], y the sum of `inputs`; 0 behind the list's end.
class ListParts : public poplar::MultiVertex {
public:
  Vector<Input<Vector<float>>> inputs;
  Input<Vector<float>> weights;
  Input<Vector<unsigned short>> list;
  Output<Vector<float>> parts;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    const std::size_t width = inputs[0].size() / batch;
    const std::size_t row = list.size() / batch;
    const std::size_t capacity = parts.size() / batch;
    for (unsigned sample = 0; sample < batch; ++sample) {
      const unsigned short *ids = &list[sample * row];
      for (std::size_t at = worker; at < capacity; at += WORKERS) {
        const bool listed = at < ids[1];
        const float *from = &weights[listed ? ids[HEAD + at] * width : 0];
        parts[sample * capacity + at] = listed ? product(from, inputs, sample * width, width) : 0.0F;
      }
    }
    return true;
  }
};

// Derivatives of the sources of a list, [b, k], where these lie: 0 of those that it has not. `first`: the number of the
// tile's first neuron. Workers share samples.
class Scatter : public poplar::MultiVertex {
public:
  Input<Vector<float>> sums;
  Input<Vector<unsigned short>> list;
  Input<Vector<unsigned>> first;
  Output<Vector<float>> y;
  const unsigned batch = 1;

  bool compute(unsigned worker) {
    const unsigned width = static_cast<unsigned>(y.size()) / batch;
    const std::size_t row = list.size() / batch;
    const std::size_t capacity = sums.size() / batch;
    for (std::size_t sample = worker; sample < batch; sample += WORKERS) {
      float *to = &y[sample * width];
      for (unsigned n = 0; n < width; ++n) {
        to[n] = 0.0F;
      }
      const unsigned short *ids = &list[sample * row];
      place(to, width, &sums[sample * capacity], ids + HEAD, 0, ids[0]);
      place(to, width, &sums[sample * capacity], ids + HEAD, ids[0], ids[1]);
    }
    return true;
  }

private:
  // Of the ascending numbers from `begin` to `end`, those of the tile.
  void place(float *to, unsigned width, const float *values, const unsigned short *ids, unsigned begin, unsigned end) {
    const unsigned short *id = firstFrom(ids + begin, ids + end, first[0]);
    for (; id != ids + end && *id < first[0] + width; ++id) {
      to[*id - first[0]] = values[id - ids];
    }
  }
};

} // namespace axonc
