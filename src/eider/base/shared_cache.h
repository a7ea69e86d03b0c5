#pragma once
/// \file
/// What a session remembers between reads: immutable objects by key, the least recently used dropped first, charged to the
/// memory budget. Users share ownership, so dropping an entry never invalidates one.

#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "eider/base/fork_safe_mutex.h"
#include "eider/base/memory_budget.h"

namespace eider {

/// Something worth keeping. May grow while it is kept (lazily parsed metadata); it is charged anew whenever it is found.
class Cacheable {
 public:
  virtual ~Cacheable() = default;
  virtual uint64_t cached_bytes() const = 0;
};

/// Thread-safe. A caller that finds the cache busy goes on without it: also right in a child forked while another thread
/// held the lock.
class SharedCache {
 public:
  SharedCache(MemoryBudget& budget, uint64_t max_bytes, size_t max_entries)
      : budget_(budget), max_bytes_(max_bytes), max_entries_(max_entries) {}
  ~SharedCache() { Clear(); }

  /// Null when there is none.
  std::shared_ptr<const Cacheable> Find(const std::string& key);
  /// Keeps `value`, unless the key is taken or the budget has no room.
  void Insert(const std::string& key, std::shared_ptr<const Cacheable> value);
  void Clear();
  uint64_t bytes() const;
  size_t size() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Cacheable> value;
    uint64_t bytes = 0;
  };
  using Entries = std::list<Entry>;
  bool Charge(Entry& entry, Entries& dropped);
  void Drop(Entries::iterator entry, Entries& dropped);

  MemoryBudget& budget_;
  const uint64_t max_bytes_;
  const size_t max_entries_;
  mutable ForkSafeMutex mutex_;
  Entries entries_;  ///< most recent first
  std::unordered_map<std::string_view, Entries::iterator> index_;
  uint64_t bytes_ = 0;
};

}  // namespace eider
