#ifndef POPLAR_STREAM_CALLBACK_HPP
#define POPLAR_STREAM_CALLBACK_HPP

namespace poplar {

class StreamCallback {
public:
  enum class Result { Success, NotAvailable };
  virtual ~StreamCallback() = default;
  virtual Result prefetch(void *buffer) = 0;
  virtual void fetch(void *buffer) = 0;
  virtual void complete() = 0;
  virtual void invalidatePrefetched() {}
};

} // namespace poplar

#endif
