// What a step of a program costs, counted from the elements it moves and the vertices it runs.
#ifndef AXONC_IPU_COSTS_HPP
#define AXONC_IPU_COSTS_HPP

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace axonc_ipu {

// Cycles that a phase takes whatever is exchanged, those of a copy inside a tile, and of starting a vertex.
constexpr std::uint64_t SYNC_CYCLES = 600;
constexpr std::uint64_t LOCAL_COPY_CYCLES = 288;
constexpr std::uint64_t LAUNCH_CYCLES = 11;
constexpr std::uint64_t EXCHANGE_BYTES_PER_CYCLE = 4;
constexpr std::uint64_t MEMORY_BYTES_PER_CYCLE = 8;
// Bytes that a chip sends to others, or receives from them, in a cycle: 320 GB/s at 1.325 GHz. An option may say more.
constexpr std::uint64_t LINK_BYTES_PER_CYCLE = 241;
// Control words of the exchange for each stretch of memory that is sent or received, of 4 bytes each.
constexpr std::size_t EXCHANGE_CODE_BYTES = 12;

using TileBytes = std::map<unsigned, std::size_t>;

struct StepCost {
  std::string name;
  std::string kind; // "execute", "copy", "host", "remote"
  std::uint64_t computeCycles = 0;
  std::uint64_t exchangeCycles = 0;
  std::uint64_t syncCycles = 0;
  std::uint64_t exchangeBytes = 0; // received by all tiles
  std::uint64_t linkBytes = 0;     // received by all chips from others
  std::uint64_t localBytes = 0;    // copied inside tiles
  std::uint64_t hostBytes = 0;
  std::uint64_t flops = 0;
  std::size_t vertices = 0;
  std::size_t defaultEstimates = 0; // vertices without an estimate of their author
  unsigned busyTiles = 0;
  TileBytes temporaries;  // buffers of this step only
  TileBytes exchangeCode; // stays in memory
  std::uint64_t executions = 0;
  std::uint64_t undefinedReads = 0; // elements

  std::uint64_t cycles() const { return computeCycles + exchangeCycles + syncCycles; }
};

// How tiles are joined to chips, and how many bytes pass between a chip and the others in a cycle.
struct Links {
  unsigned tilesPerIPU = 1;
  std::uint64_t bytesPerCycle = LINK_BYTES_PER_CYCLE;
};

// Elements that go from tile to tile in one exchange phase. What a tile receives twice is sent once, and what several
// tiles receive is sent once, to another chip, too.
class Traffic {
public:
  explicit Traffic(const Links &links) : links_(links) {}

  // Elements [begin, end) of a variable, `count` of them if they do not fill the interval.
  void add(unsigned from, unsigned to, unsigned variable, std::size_t begin, std::size_t end, std::size_t count,
           std::size_t elementBytes);
  // Adds cycles, bytes and exchange code of the phase; `received` gets the bytes that arrive at each tile.
  void finish(StepCost &cost, TileBytes *received = nullptr);

private:
  struct Piece {
    unsigned from, to, variable;
    std::uint64_t route; // the chips from which and to which it goes
    std::size_t begin, end, count, elementBytes;
  };
  struct Sum {
    std::size_t bytes = 0;
    std::size_t stretches = 0;
  };
  template <class Key> std::map<Key, Sum> sums(Key Piece::*key);
  std::uint64_t linkCycles(StepCost &cost);

  Links links_;
  std::vector<Piece> pieces_;
};

} // namespace axonc_ipu

#endif
