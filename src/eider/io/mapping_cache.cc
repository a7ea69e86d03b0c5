#include "eider/io/mapping_cache.h"

#include <sys/mman.h>

#include <vector>

namespace eider::io {
namespace {

constexpr size_t kMaxProcessMappings = 256;

/// Private and writable: consumers of the views (tensors) may write, and must not reach the file. Without reserve, so that
/// a file larger than memory maps.
Buffer MapWholeFile(int fd, uint64_t size) {
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  if (data == MAP_FAILED) return {};
  const auto unmap = [size](const void* p) { ::munmap(const_cast<void*>(p), size); };
  return Buffer(static_cast<const uint8_t*>(data), size, std::shared_ptr<const void>(data, unmap));
}

}  // namespace

MappingCache& MappingCache::Process() {
  // Never destroyed: views may be released by other static objects.
  static MappingCache& cache = *new MappingCache(kMaxProcessMappings);
  return cache;
}

Buffer MappingCache::Find(const FileIdentity& identity) {
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(identity);
  if (found == entries_.end()) return {};
  uses_.splice(uses_.begin(), uses_, found->second.use);
  return found->second.mapping;
}

Buffer MappingCache::Map(const FileIdentity& identity, int fd) {
  static constexpr uint8_t kNothing = 0;
  if (identity.size == 0) return Buffer(&kNothing, 0, nullptr);
  if (Buffer known = Find(identity); known.present()) return known;
  Buffer mapping = MapWholeFile(fd, identity.size);
  if (!mapping.present()) return {};
  std::vector<Buffer> dropped;  // unmapped after the lock is gone
  std::lock_guard lock(mutex_);
  const auto [place, is_new] = entries_.try_emplace(identity);
  if (!is_new) {
    dropped.push_back(std::move(mapping));
    return place->second.mapping;
  }
  uses_.push_front(identity);
  place->second = Entry{mapping, uses_.begin()};
  while (entries_.size() > max_mappings_) {
    const auto oldest = entries_.find(uses_.back());
    dropped.push_back(std::move(oldest->second.mapping));
    entries_.erase(oldest);
    uses_.pop_back();
  }
  return mapping;
}

void MappingCache::Forget(const FileIdentity& identity) {
  Buffer dropped;
  std::lock_guard lock(mutex_);
  const auto found = entries_.find(identity);
  if (found == entries_.end()) return;
  dropped = std::move(found->second.mapping);
  uses_.erase(found->second.use);
  entries_.erase(found);
}

size_t MappingCache::size() const {
  std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace eider::io
