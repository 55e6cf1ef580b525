#include "costs.hpp"

#include <algorithm>
#include <tuple>

namespace axonc_ipu {

void Traffic::add(unsigned from, unsigned to, unsigned variable, std::size_t begin, std::size_t end, std::size_t count,
                  std::size_t elementBytes) {
  const std::uint64_t route = std::uint64_t{from / links_.tilesPerIPU} << 32 | to / links_.tilesPerIPU;
  pieces_.push_back({from, to, variable, route, begin, end, count, elementBytes});
}

template <class Key> std::map<Key, Traffic::Sum> Traffic::sums(Key Piece::*key) {
  std::sort(pieces_.begin(), pieces_.end(), [key](const Piece &a, const Piece &b) {
    return std::tie(a.*key, a.variable, a.begin, a.end) < std::tie(b.*key, b.variable, b.begin, b.end);
  });
  std::map<Key, Sum> totals;
  const Piece *last = nullptr;
  std::size_t reached = 0;
  for (const Piece &piece : pieces_) {
    const bool same = last != nullptr && last->*key == piece.*key && last->variable == piece.variable;
    const bool filled = piece.count == piece.end - piece.begin;
    std::size_t fresh = piece.count;
    if (same && filled) {
      fresh = piece.end - std::min(piece.end, std::max(piece.begin, reached));
    } else if (same && last->begin == piece.begin && last->end == piece.end) {
      fresh = 0;
    }
    Sum &sum = totals[piece.*key];
    sum.bytes += fresh * piece.elementBytes;
    sum.stretches += fresh == 0 || (same && filled && piece.begin <= reached) ? 0 : filled ? 1 : fresh;
    reached = same ? std::max(reached, piece.end) : piece.end;
    last = &piece;
  }
  return totals;
}

// Cycles in which the busiest chip sends to others or receives from them.
std::uint64_t Traffic::linkCycles(StepCost &cost) {
  std::map<std::uint64_t, std::size_t> sent;
  std::map<std::uint64_t, std::size_t> received;
  std::size_t most = 0;
  for (const auto &[route, sum] : sums(&Piece::route)) {
    const std::uint64_t from = route >> 32;
    const std::uint64_t to = route & 0xFFFFFFFF;
    if (from != to) {
      cost.linkBytes += sum.bytes;
      most = std::max({most, sent[from] += sum.bytes, received[to] += sum.bytes});
    }
  }
  return (most + links_.bytesPerCycle - 1) / links_.bytesPerCycle;
}

void Traffic::finish(StepCost &cost, TileBytes *received) {
  if (pieces_.empty()) {
    return;
  }
  std::size_t most = 0;
  const auto in = sums(&Piece::to);
  for (const auto &[tile, sum] : in) {
    most = std::max(most, sum.bytes);
    cost.exchangeBytes += sum.bytes;
    cost.exchangeCode[tile] += sum.stretches * EXCHANGE_CODE_BYTES;
    if (received != nullptr) {
      (*received)[tile] += sum.bytes;
    }
  }
  for (const auto &[tile, sum] : sums(&Piece::from)) {
    most = std::max(most, sum.bytes);
    cost.exchangeCode[tile] += sum.stretches * EXCHANGE_CODE_BYTES;
  }
  const std::uint64_t inside = (most + EXCHANGE_BYTES_PER_CYCLE - 1) / EXCHANGE_BYTES_PER_CYCLE;
  cost.exchangeCycles += std::max(inside, linkCycles(cost));
  cost.syncCycles += SYNC_CYCLES;
  pieces_.clear();
}

} // namespace axonc_ipu
