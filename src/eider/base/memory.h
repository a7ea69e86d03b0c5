#pragma once
/// \file
/// Growable byte buffers for builders. Memory is pooled (touching fresh pages is five times slower than reuse) and may be
/// charged to a budget while it is being built; what is handed to the caller is not charged.

#include <eider/buffer.h>

#include <cstring>
#include <new>
#include <utility>

namespace eider {

/// Raw memory from the process-wide pool: size classes, 64-byte aligned, at least 64 bytes of slack after `size` so that
/// vector code may over-write. Never throws but std::bad_alloc.
uint8_t* PoolAllocate(size_t size);
void PoolFree(uint8_t* data, size_t size);
/// Bytes that the pool keeps for reuse; freed by TrimPool.
size_t PoolRetainedBytes();
void TrimPool();
/// While it lives, the pool keeps at most so many bytes (never more than 128 MiB): what a small budget saves is not to lie there.
class PoolBound {
 public:
  explicit PoolBound(uint64_t bytes);
  ~PoolBound();
  PoolBound(const PoolBound&) = delete;
  PoolBound& operator=(const PoolBound&) = delete;

 private:
  const uint64_t bytes_;
};
/// Asks for large pages under a large block that is not written yet: random access to it then misses fewer address translations.
void AdviseHugePages(uint8_t* data, size_t size);

/// Vectors with it take their memory from the pool; values that they are resized by stay uninitialised.
template <typename T>
struct PoolAllocator {
  using value_type = T;
  PoolAllocator() = default;
  template <typename U>
  PoolAllocator(const PoolAllocator<U>& /*other*/) {}
  T* allocate(size_t n) { return reinterpret_cast<T*>(PoolAllocate(n * sizeof(T))); }
  void deallocate(T* data, size_t n) { PoolFree(reinterpret_cast<uint8_t*>(data), n * sizeof(T)); }
  template <typename U>
  void construct(U* at) noexcept { ::new (static_cast<void*>(at)) U; }
  template <typename U, typename... Args>
  void construct(U* at, Args&&... args) { ::new (static_cast<void*>(at)) U(std::forward<Args>(args)...); }
  bool operator==(const PoolAllocator& /*other*/) const { return true; }
};

/// A growable run of bytes. Movable; Finish() hands the memory over as an immutable Buffer without a copy.
class BufferBuilder {
 public:
  BufferBuilder() = default;
  explicit BufferBuilder(size_t capacity) { Reserve(capacity); }
  BufferBuilder(BufferBuilder&& o) noexcept { *this = std::move(o); }
  BufferBuilder& operator=(BufferBuilder&& o) noexcept {
    std::swap(data_, o.data_), std::swap(size_, o.size_), std::swap(capacity_, o.capacity_);
    return *this;
  }
  ~BufferBuilder() { if (data_) PoolFree(data_, capacity_); }

  uint8_t* data() { return data_; }
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }
  size_t capacity() const { return capacity_; }
  ByteSpan span() const { return {data_, size_}; }
  template <typename T> T* as() { return reinterpret_cast<T*>(data_); }
  template <typename T> const T* as() const { return reinterpret_cast<const T*>(data_); }

  /// Makes room for `capacity` bytes in all (grows at least 1.5x when it grows).
  void Reserve(size_t capacity) { if (capacity > capacity_) Grow(capacity); }
  /// Appends `n` uninitialised bytes and returns where they start.
  uint8_t* Extend(size_t n) {
    if (n > capacity_ - size_) Grow(size_ + n);
    uint8_t* p = data_ + size_;
    size_ += n;
    return p;
  }
  void Append(const void* bytes, size_t n) { if (n) std::memcpy(Extend(n), bytes, n); }
  void Append(ByteSpan bytes) { Append(bytes.data(), bytes.size()); }
  template <typename T> void AppendValue(T v) { std::memcpy(Extend(sizeof(T)), &v, sizeof(T)); }
  void AppendFill(size_t n, uint8_t byte) { if (n) std::memset(Extend(n), byte, n); }
  /// New bytes are uninitialised.
  void Resize(size_t size) { if (size > capacity_) Grow(size); size_ = size; }
  void Clear() { size_ = 0; }
  /// The bytes as a Buffer (non-null even when empty); this builder is empty afterwards.
  Buffer Finish();

 private:
  void Grow(size_t capacity);
  uint8_t* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
};

/// Bits appended LSB-first: validity bitmaps and booleans.
class BitBuilder {
 public:
  uint64_t size() const { return num_bits_; }
  uint8_t* data() { return bytes_.data(); }
  /// Appends `n` bits, uninitialised within whole new bytes set to 0.
  void Extend(uint64_t n);
  void AppendFill(uint64_t n, bool value);
  void Append(const uint8_t* bits, uint64_t offset, uint64_t n);
  void Reserve(uint64_t num_bits) { bytes_.Reserve(num_bits / 8 + 1); }
  void AppendBit(bool value) { Extend(1); if (value) bytes_.data()[(num_bits_ - 1) >> 3] |= uint8_t(1u << ((num_bits_ - 1) & 7)); }
  void Clear() { num_bits_ = 0; bytes_.Clear(); }
  Buffer Finish() { num_bits_ = 0; return bytes_.Finish(); }

 private:
  BufferBuilder bytes_;
  uint64_t num_bits_ = 0;
};

/// Copies `bytes` into a fresh Buffer.
Buffer CopyToBuffer(ByteSpan bytes);

}  // namespace eider
