// A pool of threads that wait for work; AXONC_IPU_THREADS says how many take part.
#include "machine.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace axonc_ipu {

namespace {

constexpr std::size_t WORTH_A_THREAD = 50'000; // elements

unsigned threadCount() {
  const char *given = std::getenv("AXONC_IPU_THREADS");
  const long asked = given == nullptr ? 0 : std::strtol(given, nullptr, 10);
  return asked > 0 ? static_cast<unsigned>(asked) : std::max(1U, std::thread::hardware_concurrency());
}

class Pool {
public:
  explicit Pool(unsigned count) {
    for (unsigned i = 1; i < count; ++i) {
      threads_.emplace_back([this] { wait(); });
    }
  }
  ~Pool() {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread &thread : threads_) {
      thread.join();
    }
  }
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  bool alone() const { return threads_.empty(); }

  void run(std::size_t count, const std::function<void(std::size_t)> &f) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      work_ = &f;
      count_ = count;
      next_ = 0;
      busy_ = threads_.size();
      ++round_;
    }
    wake_.notify_all();
    take();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
  }

private:
  void take() {
    for (std::size_t i = next_++; i < count_; i = next_++) {
      (*work_)(i);
    }
  }

  void wait() {
    std::size_t seen = 0;
    for (std::unique_lock<std::mutex> lock(mutex_);;) {
      wake_.wait(lock, [&] { return stop_ || round_ != seen; });
      if (stop_) {
        return;
      }
      seen = round_;
      lock.unlock();
      take();
      lock.lock();
      if (--busy_ == 0) {
        done_.notify_one();
      }
    }
  }

  std::vector<std::thread> threads_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const std::function<void(std::size_t)> *work_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::size_t busy_ = 0;
  std::size_t round_ = 0;
  bool stop_ = false;
};

} // namespace

void parallel(std::size_t count, std::size_t work, const std::function<void(std::size_t)> &f) {
  static Pool pool(threadCount());
  if (count < 2 || work < WORTH_A_THREAD || pool.alone()) {
    for (std::size_t i = 0; i < count; ++i) {
      f(i);
    }
    return;
  }
  pool.run(count, f);
}

} // namespace axonc_ipu
