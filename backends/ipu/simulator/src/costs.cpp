#include "costs.hpp"

#include <algorithm>
#include <tuple>

namespace axonc_ipu {

void Traffic::add(unsigned from, unsigned to, unsigned variable, std::size_t begin, std::size_t end, std::size_t count,
                  std::size_t elementBytes) {
  pieces_.push_back({from, to, variable, begin, end, count, elementBytes});
}

std::map<unsigned, Traffic::Sum> Traffic::sums(unsigned Piece::*tile) {
  std::sort(pieces_.begin(), pieces_.end(), [tile](const Piece &a, const Piece &b) {
    return std::tie(a.*tile, a.variable, a.begin, a.end) < std::tie(b.*tile, b.variable, b.begin, b.end);
  });
  std::map<unsigned, Sum> totals;
  const Piece *last = nullptr;
  std::size_t reached = 0;
  for (const Piece &piece : pieces_) {
    const bool same = last != nullptr && last->*tile == piece.*tile && last->variable == piece.variable;
    const bool filled = piece.count == piece.end - piece.begin;
    std::size_t fresh = piece.count;
    if (same && filled) {
      fresh = piece.end - std::min(piece.end, std::max(piece.begin, reached));
    } else if (same && last->begin == piece.begin && last->end == piece.end) {
      fresh = 0;
    }
    Sum &sum = totals[piece.*tile];
    sum.bytes += fresh * piece.elementBytes;
    sum.stretches += fresh == 0 || (same && filled && piece.begin <= reached) ? 0 : filled ? 1 : fresh;
    reached = same ? std::max(reached, piece.end) : piece.end;
    last = &piece;
  }
  return totals;
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
  cost.exchangeCycles += (most + EXCHANGE_BYTES_PER_CYCLE - 1) / EXCHANGE_BYTES_PER_CYCLE;
  cost.syncCycles += SYNC_CYCLES;
  pieces_.clear();
}

} // namespace axonc_ipu
