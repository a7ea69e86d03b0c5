#include "eider/base/shared_cache.h"

namespace eider {

std::shared_ptr<const Cacheable> SharedCache::Find(const std::string& key) {
  Entries dropped;  // destroyed after the lock is gone
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock) return nullptr;
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  std::shared_ptr<const Cacheable> value = entries_.front().value;
  if (!Charge(entries_.front(), dropped)) Drop(entries_.begin(), dropped);
  return value;
}

void SharedCache::Insert(const std::string& key, std::shared_ptr<const Cacheable> value) {
  Entries dropped;
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (!lock || index_.contains(key)) return;
  entries_.push_front({.key = key, .value = std::move(value)});
  index_.emplace(entries_.front().key, entries_.begin());
  if (!Charge(entries_.front(), dropped)) return Drop(entries_.begin(), dropped);
  while (entries_.size() > max_entries_) Drop(std::prev(entries_.end()), dropped);
}

// Brings the entry's charge up to date; older entries make room for it.
bool SharedCache::Charge(Entry& entry, Entries& dropped) {
  const uint64_t wanted = entry.value->cached_bytes();
  if (wanted > max_bytes_) return false;
  if (wanted <= entry.bytes) return true;
  const uint64_t more = wanted - entry.bytes;
  while (bytes_ + more > max_bytes_ || !budget_.TryCharge(more)) {
    if (&entries_.back() == &entry) return false;
    Drop(std::prev(entries_.end()), dropped);
  }
  entry.bytes = wanted;
  bytes_ += more;
  return true;
}

void SharedCache::Drop(Entries::iterator entry, Entries& dropped) {
  bytes_ -= entry->bytes;
  budget_.Release(entry->bytes);
  index_.erase(entry->key);
  dropped.splice(dropped.end(), entries_, entry);
}

void SharedCache::Clear() {
  Entries dropped;
  const std::lock_guard lock(mutex_);
  while (!entries_.empty()) Drop(entries_.begin(), dropped);
}

uint64_t SharedCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

size_t SharedCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace eider
