#include "eider/reduce/seen_keys.h"

#include <algorithm>
#include <array>
#include <utility>

#include "eider/base/error.h"
#include "eider/base/hash_bytes.h"
#include "eider/reduce/batch_keys.h"

namespace eider::reduce {
namespace {

constexpr uint64_t kFirstSlots = 64;
constexpr uint64_t kFirstBlock = 1 << 10, kMostBlock = 256 << 10;
/// A slot: 16 bits of the hash, 24 of the block, 24 of the place in it; counted from 1.
constexpr int kTagShift = 48, kBlockShift = 24;
constexpr uint64_t kPlaceMask = (uint64_t{1} << kTagShift) - 1, kOffsetMask = (uint64_t{1} << kBlockShift) - 1;

/// At most three quarters of the slots are taken.
bool IsFull(uint64_t keys, uint64_t slots) { return keys >= slots / 4 * 3; }
uint64_t SlotsFor(uint64_t keys, uint64_t slots) {
  slots = std::max(slots, kFirstSlots);
  while (IsFull(keys, slots)) slots *= 2;
  return slots;
}
uint64_t TagOf(uint64_t hash) { return hash >> 24 << kTagShift; }

/// Puts different keys where they belong, some behind the latest: their slots come from memory meanwhile.
class SlotFiller {
 public:
  explicit SlotFiller(KeySlots& slots) : slots_(slots) {}
  ~SlotFiller() {
    for (size_t i = 0; i < kWaiting; ++i) Put(waiting_[i]);
  }
  SlotFiller(const SlotFiller&) = delete;
  SlotFiller& operator=(const SlotFiller&) = delete;
  /// \pre slot != 0
  void Add(uint64_t hash, uint64_t slot) {
    Prefetch(reinterpret_cast<const uint8_t*>(&slots_[hash & (slots_.size() - 1)]));
    Put(std::exchange(waiting_[next_++ % kWaiting], {hash, slot}));
  }

 private:
  static constexpr size_t kWaiting = 16;
  struct Key {
    uint64_t hash = 0, slot = 0;
  };
  void Put(const Key& key) {
    if (key.slot == 0) return;
    size_t at = key.hash & (slots_.size() - 1);
    while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
    slots_[at] = key.slot;
  }

  KeySlots& slots_;
  std::array<Key, kWaiting> waiting_;
  size_t next_ = 0;
};

}  // namespace

bool WordSet::Has(uint64_t word, uint64_t hash) const {
  if (word == 0) return has_zero_;
  if (slots_.empty()) return false;
  for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == word) return true;
    if (slots_[at] == 0) return false;
  }
}

bool WordSet::Add(uint64_t word, uint64_t hash) {
  if (word == 0) return !std::exchange(has_zero_, true);
  if (IsFull(size_, slots_.size())) Grow();
  size_t at = hash & (slots_.size() - 1);
  for (; slots_[at] != 0; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at] == word) return false;
  }
  slots_[at] = word;
  ++size_;
  return true;
}

uint64_t WordSet::BytesWith(uint64_t more, uint64_t /*key_bytes*/) const { return SlotsFor(size_ + more, slots_.size()) * 8; }

void WordSet::Grow() {
  const KeySlots old = std::exchange(slots_, KeySlots(SlotsFor(size_, slots_.size() * 2), 0));
  SlotFiller filler(slots_);
  for (const uint64_t word : old) {
    if (word != 0) filler.Add(HashWord(word), word);
  }
}

size_t ByteSet::Find(ByteSpan key, uint64_t hash) const {
  const uint64_t tag = TagOf(hash);
  for (size_t at = hash & (slots_.size() - 1);; at = (at + 1) & (slots_.size() - 1)) {
    const uint64_t slot = slots_[at];
    if (slot == 0) return at;
    if ((slot & ~kPlaceMask) != tag) continue;
    const uint64_t place = (slot & kPlaceMask) - 1;
    const uint8_t* known = blocks_[place >> kBlockShift].data() + (place & kOffsetMask);
    if (LoadLe<uint32_t>(known) == key.size() && (key.empty() || std::memcmp(known + 4, key.data(), key.size()) == 0)) return at;
  }
}

bool ByteSet::Has(ByteSpan key, uint64_t hash) const { return !slots_.empty() && slots_[Find(key, hash)] != 0; }

bool ByteSet::Add(ByteSpan key, uint64_t hash) {
  if (IsFull(size_, slots_.size())) Grow();
  const size_t at = Find(key, hash);
  if (slots_[at] != 0) return false;
  slots_[at] = TagOf(hash) | (Store(key) + 1);
  ++size_;
  return true;
}

uint64_t ByteSet::BytesWith(uint64_t more, uint64_t key_bytes) const {
  return SlotsFor(size_ + more, slots_.size()) * 8 + block_bytes_ + 4 * more + key_bytes + std::clamp(block_bytes_, kFirstBlock, kMostBlock);
}

uint64_t ByteSet::Store(ByteSpan key) {
  if (key.size() > UINT32_MAX) throw Unsupported("distinct: a row of {} bytes", key.size());
  const uint64_t bytes = 4 + key.size();
  if (blocks_.empty() || blocks_.back().capacity() - blocks_.back().size() < bytes || blocks_.back().size() > kOffsetMask) {
    if (blocks_.size() == kOffsetMask) throw Error(ErrorKind::kOutOfBudget, fmt::format("distinct: more than {} blocks of keys", kOffsetMask));
    blocks_.emplace_back(std::max(bytes, std::clamp(block_bytes_, kFirstBlock, kMostBlock)));
    block_bytes_ += blocks_.back().capacity();
  }
  BufferBuilder& block = blocks_.back();
  const uint64_t place = (blocks_.size() - 1) << kBlockShift | block.size();
  block.AppendValue(static_cast<uint32_t>(key.size()));
  block.Append(key);
  return place;
}

void ByteSet::Grow() {
  slots_.assign(SlotsFor(size_, slots_.size() * 2), 0);
  SlotFiller filler(slots_);
  for (uint64_t b = 0; b < blocks_.size(); ++b) {
    const ByteSpan block = blocks_[b].span();
    for (uint64_t offset = 0; offset < block.size();) {
      const uint64_t bytes = LoadLe<uint32_t>(block.data() + offset);
      const uint64_t hash = HashBytes(block.subspan(offset + 4, bytes));
      filler.Add(hash, TagOf(hash) | ((b << kBlockShift | offset) + 1));
      offset += 4 + bytes;
    }
  }
}

}  // namespace eider::reduce
