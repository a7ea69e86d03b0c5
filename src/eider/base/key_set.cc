#include "eider/base/key_set.h"

#include <algorithm>
#include <cstring>

#include "eider/base/error.h"

namespace eider {

uint64_t KeySet::SlotOf(ByteSpan key, uint64_t hash) const {
  const uint64_t mask = table_.size() - 1;
  for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
    const uint32_t number = table_[at];
    if (number == kFree) return at;
    if (hashes_[number] != hash) continue;
    const ByteSpan known = At(number);
    if (known.size() == key.size() && std::memcmp(known.data(), key.data(), key.size()) == 0) return at;
  }
}

std::optional<uint32_t> KeySet::Find(ByteSpan key, uint64_t hash) const {
  if (table_.empty()) return std::nullopt;
  const uint32_t number = table_[SlotOf(key, hash)];
  return number == kFree ? std::nullopt : std::optional(number);
}

uint32_t KeySet::Number(ByteSpan key, uint64_t hash) {
  if (hashes_.size() * 2 >= table_.size()) GrowTable();
  uint32_t& number = table_[SlotOf(key, hash)];
  if (number != kFree) return number;
  ReserveBytes(key.size());
  number = static_cast<uint32_t>(hashes_.size());
  hashes_.push_back(hash);
  bytes_.Append(key);
  ends_.push_back(bytes_.size());
  return number;
}

void KeySet::Charge(uint64_t table_slots, uint64_t byte_capacity) {
  // A slot of the table is four bytes; half of them have an entry with hash and end.
  if (charge_) charge_->Resize(table_slots * (4 + 8) + byte_capacity, what_);
}

void KeySet::ReserveBytes(uint64_t more) {
  if (bytes_.size() + more <= bytes_.capacity()) return;
  const uint64_t capacity = std::max<uint64_t>(bytes_.capacity() * 2, bytes_.size() + more);
  Charge(table_.size(), capacity);
  bytes_.Reserve(capacity);
}

void KeySet::GrowTable() {
  const uint64_t slots = std::max<uint64_t>(64, table_.size() * 2);
  if (slots > uint64_t{1} << 32) throw Error(ErrorKind::kOutOfBudget, fmt::format("{}: more than 2^31", what_));
  Charge(slots, bytes_.capacity());
  hashes_.reserve(slots / 2);
  ends_.reserve(slots / 2);
  table_.assign(slots, kFree);
  const uint64_t mask = slots - 1;
  for (uint32_t number = 0; number < hashes_.size(); ++number) {
    uint64_t at = hashes_[number] & mask;
    while (table_[at] != kFree) at = (at + 1) & mask;
    table_[at] = number;
  }
}

}  // namespace eider
