#include "checks.hpp"
#include "machine.hpp"

#include <cstring>

namespace axonc_ipu {

Memory::Memory(const GraphData &graph) {
  constexpr std::size_t ALIGNMENT = 64;
  for (const Variable &variable : graph.variables) {
    const std::size_t bytes = elementBytes(variable.type);
    const std::size_t size = (variable.count * bytes / ALIGNMENT + 1) * ALIGNMENT;
    Storage made;
    made.elementBytes = bytes;
    made.data.reset(static_cast<Byte *>(std::aligned_alloc(ALIGNMENT, size)));
    require<poplar::runtime_error>(made.data != nullptr, "the host has no ", size, " bytes for '", variable.name, "'");
    if (variable.initialised.size() < variable.count) {
      poison(variable.type, made.data.get(), variable.count);
      made.undefined.add(0, variable.count);
    }
    for (const auto &[begin, end] : variable.initialised.parts()) {
      std::memcpy(made.at(begin), variable.initial.data() + begin * bytes, (end - begin) * bytes);
      made.undefined.remove(begin, end);
    }
    withUndefined_ += made.undefined.empty() ? 0 : 1;
    storages_.push_back(std::move(made));
  }
}

namespace {

// Copies elements at distances; distances are in bytes.
void copyStrided(Byte *to, std::int64_t toStep, const Byte *from, std::int64_t fromStep, std::size_t count,
                 std::size_t bytes) {
  const auto size = static_cast<std::int64_t>(bytes);
  if (toStep == size && fromStep == size) {
    std::memcpy(to, from, count * bytes);
    return;
  }
  const auto each = [&](auto element) {
    for (std::size_t i = 0; i < count; ++i, to += toStep, from += fromStep) {
      std::memcpy(to, from, sizeof element);
    }
  };
  switch (bytes) {
  case 1:
    each(Byte{});
    return;
  case 2:
    each(std::uint16_t{});
    return;
  case 4:
    each(std::uint32_t{});
    return;
  default:
    each(std::uint64_t{});
    return;
  }
}

} // namespace

void Memory::gather(const View &view, Byte *to) const {
  for (const Run &run : view.runs) {
    const std::size_t bytes = storages_[run.variable].elementBytes;
    const auto size = static_cast<std::int64_t>(bytes);
    copyStrided(to, size, at(run, 0), run.stride * size, run.count, bytes);
    to += run.count * bytes;
  }
}

void Memory::scatter(const Byte *from, const View &view) const {
  for (const Run &run : view.runs) {
    const std::size_t bytes = storages_[run.variable].elementBytes;
    const auto size = static_cast<std::int64_t>(bytes);
    copyStrided(at(run, 0), run.stride * size, from, size, run.count, bytes);
    from += run.count * bytes;
  }
}

void Memory::copy(const View &source, const View &destination) {
  bool overlaps = false;
  for (const Run &a : source.runs) {
    overlaps = overlaps || a.variable == destination.runs[0].variable;
  }
  if (overlaps || destination.runs.size() > source.runs.size() * 8) {
    std::vector<Byte> between(source.numElements() * elementBytes(source.type));
    gather(source, between.data());
    scatter(between.data(), destination);
  } else {
    eachPair(source, destination, [&](const Run &a, std::size_t i, const Run &b, std::size_t j, std::size_t count) {
      const std::size_t bytes = storages_[a.variable].elementBytes;
      const auto size = static_cast<std::int64_t>(bytes);
      copyStrided(at(b, j), b.stride * size, at(a, i), a.stride * size, count, bytes);
    });
  }
  if (withUndefined_ == 0) {
    return;
  }
  const std::vector<Stretch> undefined = undefinedAfter(source, destination);
  setDefined(destination);
  for (const Stretch &one : undefined) {
    setDefined(one.variable, one.begin, one.end, false);
  }
}

// Where a copy puts undefined elements.
std::vector<Memory::Stretch> Memory::undefinedAfter(const View &source, const View &destination) const {
  std::vector<Stretch> found;
  eachPair(source, destination, [&](const Run &a, std::size_t i, const Run &b, std::size_t j, std::size_t count) {
    const IntervalSet &undefined = storages_[a.variable].undefined;
    if (undefined.empty()) {
      return;
    }
    if (a.stride == 1 && b.stride == 1) {
      undefined.within(a.element(i), a.element(i) + count, [&](std::size_t begin, std::size_t end) {
        const std::size_t to = b.element(j) + (begin - a.element(i));
        found.push_back({b.variable, to, to + (end - begin)});
      });
      return;
    }
    for (std::size_t k = 0; k < count; ++k) {
      if (undefined.intersects(a.element(i + k), a.element(i + k) + 1)) {
        found.push_back({b.variable, b.element(j + k), b.element(j + k) + 1});
      }
    }
  });
  return found;
}

std::size_t Memory::countUndefined(const View &view) const {
  std::size_t count = 0;
  if (withUndefined_ == 0) {
    return 0;
  }
  for (const Run &run : view.runs) {
    if (!storages_[run.variable].undefined.empty()) {
      eachInterval(run, [&](unsigned variable, std::size_t begin, std::size_t end) {
        storages_[variable].undefined.within(begin, end, [&](std::size_t b, std::size_t e) { count += e - b; });
      });
    }
  }
  return count;
}

void Memory::setDefined(unsigned variable, std::size_t begin, std::size_t end, bool defined) {
  IntervalSet &undefined = storages_[variable].undefined;
  const bool before = undefined.empty();
  defined ? undefined.remove(begin, end) : undefined.add(begin, end);
  withUndefined_ += before && !undefined.empty() ? 1 : 0;
  withUndefined_ -= !before && undefined.empty() ? 1 : 0;
}

void Memory::setDefined(const View &view) {
  for (const Run &run : view.runs) {
    if (!storages_[run.variable].undefined.empty()) {
      eachInterval(
          run, [&](unsigned variable, std::size_t begin, std::size_t end) { setDefined(variable, begin, end, true); });
    }
  }
}

void Memory::setUndefined(const View &view) {
  for (const Run &run : view.runs) {
    eachInterval(run, [&](unsigned variable, std::size_t begin, std::size_t end) {
      poison(view.type, storages_[variable].at(begin), end - begin);
      setDefined(variable, begin, end, false);
    });
  }
}

long double Memory::scalar(const poplar::Tensor &tensor) const {
  return loadElement(tensor.elementType(), at(tensor.view().runs.at(0), 0));
}

} // namespace axonc_ipu
