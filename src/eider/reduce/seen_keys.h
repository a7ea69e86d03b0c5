#pragma once
/// \file
/// Keys that were seen: open addressing over numbers, and over byte strings.

#include <vector>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::reduce {

using KeySlots = std::vector<uint64_t, PoolAllocator<uint64_t>>;

/// Numbers.
class WordSet {
 public:
  bool Has(uint64_t word, uint64_t hash) const;
  /// False when it was there. `hash`: HashWord(word).
  bool Add(uint64_t word, uint64_t hash);
  /// The next look is at this hash.
  void Prefetch(uint64_t hash) const { if (!slots_.empty()) eider::Prefetch(reinterpret_cast<const uint8_t*>(&slots_[hash & (slots_.size() - 1)])); }
  uint64_t memory_bytes() const { return slots_.capacity() * 8; }
  /// A bound of what it takes with so many keys more.
  uint64_t BytesWith(uint64_t more, uint64_t key_bytes) const;

 private:
  void Grow();
  KeySlots slots_;  ///< 0: free
  uint64_t size_ = 0;
  bool has_zero_ = false;
};

/// Byte strings; a slot has 16 bits of the hash and the place of the key in blocks of memory:
///
///     u32 bytes | bytes
class ByteSet {
 public:
  bool Has(ByteSpan key, uint64_t hash) const;
  /// False when it was there. `hash`: HashBytes(key).
  bool Add(ByteSpan key, uint64_t hash);
  void Prefetch(uint64_t hash) const { if (!slots_.empty()) eider::Prefetch(reinterpret_cast<const uint8_t*>(&slots_[hash & (slots_.size() - 1)])); }
  uint64_t memory_bytes() const { return slots_.capacity() * 8 + block_bytes_; }
  uint64_t BytesWith(uint64_t more, uint64_t key_bytes) const;

 private:
  /// The slot of the key, or the free one where it belongs. \pre there are slots
  size_t Find(ByteSpan key, uint64_t hash) const;
  uint64_t Store(ByteSpan key);
  void Grow();
  KeySlots slots_;  ///< 0: free
  std::vector<BufferBuilder> blocks_;
  uint64_t size_ = 0, block_bytes_ = 0;
};

}  // namespace eider::reduce
