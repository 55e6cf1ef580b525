#ifndef POPLAR_DATA_STREAM_HPP
#define POPLAR_DATA_STREAM_HPP

#include <poplar/Type.hpp>

namespace poplar {

enum class ReplicatedStreamMode { REPLICATE, BROADCAST };
enum class DataStreamType { HostToDeviceFIFO, DeviceToHostFIFO, HostToDeviceBuffer, DeviceToHostBuffer };

class DataStream {
public:
  DataStream() = default;
  DataStream(unsigned id, std::string handle, Type elementType, std::size_t numElements, DataStreamType type)
      : id_(id), handle_(std::move(handle)), elementType_(elementType), numElements_(numElements), type_(type) {}
  unsigned getId() const { return id_; }
  const std::string &handle() const { return handle_; }
  std::size_t numElements() const { return numElements_; }
  Type elementType() const { return elementType_; }
  DataStreamType type() const { return type_; }

private:
  unsigned id_ = 0;
  std::string handle_;
  Type elementType_;
  std::size_t numElements_ = 0;
  DataStreamType type_ = DataStreamType::HostToDeviceFIFO;
};

class RemoteBuffer {
public:
  RemoteBuffer() = default;
  RemoteBuffer(unsigned id, std::string handle, Type elementType, std::size_t numElements, std::size_t repeats)
      : id_(id), handle_(std::move(handle)), elementType_(elementType), numElements_(numElements), repeats_(repeats) {}
  unsigned getId() const { return id_; }
  const std::string &handle() const { return handle_; }
  std::size_t numElements() const { return numElements_; }
  std::size_t getRepeats() const { return repeats_; }
  Type elementType() const { return elementType_; }

private:
  unsigned id_ = 0;
  std::string handle_;
  Type elementType_;
  std::size_t numElements_ = 0;
  std::size_t repeats_ = 1;
};

} // namespace poplar

#endif
