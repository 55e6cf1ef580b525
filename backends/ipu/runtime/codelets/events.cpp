// Lists of events on their way from the tiles that found them to those that need them.
#include <poplar/Vertex.hpp>

#include "workers.hpp"

namespace axonc {

using poplar::InOut;
using poplar::Input;
using poplar::Output;
using poplar::Vector;

// Joins lists into one, in the order of the neurons. `found`: lists of `stride` words; a record has `words` of them.
// Records that do not fit are left out. `counts`, if it has elements: the largest number of events in a step, of which the
// host knows that there was no room, and how many were left out in all.
template <class Word> class Gather : public poplar::Vertex {
public:
  Input<Vector<Word>> found;
  Output<Vector<Word>> events;
  InOut<Vector<unsigned>> counts;
  const unsigned stride = 0;
  const unsigned words = 1;

  bool compute() {
    const std::size_t room = (events.size() - 1) / words * words;
    std::size_t used = 0;
    std::size_t wanted = 0;
    for (std::size_t list = 0; list < found.size(); list += stride) {
      const std::size_t size = std::size_t{found[list]} * words;
      for (std::size_t i = 0; i < size && used < room; ++i) {
        events[1 + used++] = found[list + 1 + i];
      }
      wanted += found[list];
    }
    events[0] = static_cast<Word>(used / words);
    if (counts.size() != 0) {
      counts[0] = wanted > counts[0] ? static_cast<unsigned>(wanted) : counts[0];
      counts[1] += static_cast<unsigned>(wanted - used / words);
    }
    return true;
  }
};

// Gives the list of some steps before. `ring`: one list less than steps of delay, `turn`: which of them is next.
template <class Word> class Delay : public poplar::Vertex {
public:
  Input<Vector<Word>> events;
  Output<Vector<Word>> late;
  InOut<Vector<Word>> ring;
  InOut<unsigned> turn;
  const unsigned words = 1;

  bool compute() {
    if (ring.size() == 0) {
      copy(&events[0], &late[0]);
      return true;
    }
    Word *row = &ring[*turn * events.size()];
    copy(row, &late[0]);
    copy(&events[0], row);
    *turn = (*turn + 1) * events.size() < ring.size() ? *turn + 1 : 0;
    return true;
  }

private:
  void copy(const Word *from, Word *to) const {
    const std::size_t size = 1 + std::size_t{from[0]} * words;
    for (std::size_t i = 0; i < size; ++i) {
      to[i] = from[i];
    }
  }
};

template class Gather<unsigned short>;
template class Gather<unsigned int>;
template class Delay<unsigned short>;
template class Delay<unsigned int>;

} // namespace axonc
