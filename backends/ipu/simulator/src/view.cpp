#include "view.hpp"

namespace axonc_ipu {

std::size_t product(const std::vector<std::size_t> &shape) {
  std::size_t total = 1;
  for (const std::size_t size : shape) {
    total *= size;
  }
  return total;
}

std::size_t View::numElements() const { return runs.empty() ? 0 : runs.back().at + runs.back().count; }

void View::append(Run run) {
  run.at = numElements();
  if (!runs.empty() && runs.back().variable == run.variable) {
    Run &last = runs.back();
    const std::int64_t step = last.count > 1 ? last.stride : run.begin - last.begin;
    const bool follows = run.begin == last.begin + step * static_cast<std::int64_t>(last.count);
    if (follows && (run.count == 1 || run.stride == step)) {
      last.stride = step;
      last.count += run.count;
      return;
    }
  }
  runs.push_back(run);
}

std::size_t View::runAt(std::size_t position) const {
  const auto after = std::upper_bound(runs.begin(), runs.end(), position,
                                      [](std::size_t value, const Run &run) { return value < run.at; });
  return static_cast<std::size_t>(after - runs.begin()) - 1;
}

void View::appendStrided(const View &from, std::size_t first, std::size_t step, std::size_t count) {
  for (std::size_t index = count == 0 ? 0 : from.runAt(first); count > 0;) {
    const Run &run = from.runs[index];
    const std::size_t inside = first - run.at;
    const std::size_t here = std::min(count, (run.count - inside + step - 1) / step);
    append({run.variable, 0, run.begin + run.stride * static_cast<std::int64_t>(inside),
            run.stride * static_cast<std::int64_t>(step), here});
    count -= here;
    first += here * step;
    if (count > 0) {
      index = first < run.at + run.count + from.runs[index + 1].count ? index + 1 : from.runAt(first);
    }
  }
}

void View::appendReversed(const View &from, std::size_t first, std::size_t count) {
  for (std::size_t end = first + count; end > first;) {
    const Run &run = from.runs[from.runAt(end - 1)];
    const std::size_t begin = std::max(first, run.at);
    const std::size_t last = end - 1 - run.at;
    append({run.variable, 0, run.begin + run.stride * static_cast<std::int64_t>(last), -run.stride, end - begin});
    end = begin;
  }
}

poplar::Tensor select(const poplar::Tensor &tensor, const std::vector<poplar::Interval> &intervals) {
  const View &whole = tensor.view();
  std::size_t count = 0;
  for (const poplar::Interval &interval : intervals) {
    count += interval.size();
  }
  View chosen = whole.empty({count});
  for (const poplar::Interval &interval : intervals) {
    chosen.appendRange(whole, interval.begin(), interval.size());
  }
  return poplar::Tensor(std::make_shared<const View>(std::move(chosen)));
}

} // namespace axonc_ipu
