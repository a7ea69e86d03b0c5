#pragma once
/// \file
/// Contiguous bytes and who keeps them alive.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace eider {

using ByteSpan = std::span<const uint8_t>;
using MutableByteSpan = std::span<uint8_t>;

/// Immutable bytes with shared ownership: heap memory, a mapped file, or memory of a foreign Arrow producer.
/// A default Buffer is absent (data() == nullptr), which Arrow gives a meaning for validity bitmaps.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const uint8_t* data, size_t size, std::shared_ptr<const void> owner)
      : data_(data), size_(size), owner_(std::move(owner)) {}
  /// Bytes that outlive every user (static tables); no owner.
  static Buffer Unowned(ByteSpan bytes) { return Buffer(bytes.data(), bytes.size(), nullptr); }

  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  bool present() const { return data_ != nullptr; }
  ByteSpan span() const { return {data_, size_}; }
  template <typename T>
  const T* as() const { return reinterpret_cast<const T*>(data_); }
  const std::shared_ptr<const void>& owner() const { return owner_; }
  /// A view of [offset, offset + size) sharing the owner. The caller guarantees the bounds.
  Buffer Slice(size_t offset, size_t size) const { return Buffer(data_ + offset, size, owner_); }

 private:
  const uint8_t* data_ = nullptr;
  size_t size_ = 0;
  std::shared_ptr<const void> owner_;
};

}  // namespace eider
