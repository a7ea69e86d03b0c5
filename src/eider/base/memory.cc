#include "eider/base/memory.h"

#include <mutex>
#include <set>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "eider/base/bytes.h"
#include "eider/base/fork_safe_mutex.h"

namespace eider {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kSlackBytes = 64;
// Below this malloc is as fast as the pool; above kMaxPooledBytes keeping a block costs more than the page faults.
constexpr size_t kMinPooledOctave = 11, kMaxPooledOctave = 25;
constexpr size_t kMinPooledBytes = size_t{1} << kMinPooledOctave;
constexpr size_t kMaxPooledBytes = size_t{1} << kMaxPooledOctave;
#if defined(EIDER_ADDRESS_SANITIZER)
constexpr size_t kMaxRetainedBytes = 0;  // a pool would hide use after free
#else
constexpr size_t kMaxRetainedBytes = size_t{128} << 20;
#endif

/// Block size for `size` usable bytes: four classes per power of two, slack included.
size_t BlockBytes(size_t size) {
  if (size > PTRDIFF_MAX) throw std::bad_alloc();
  const size_t wanted = size + kSlackBytes;
  if (wanted <= 1024) return (wanted + kAlignment - 1) / kAlignment * kAlignment;
  const size_t step = std::bit_floor(wanted - 1) / 4;
  return (wanted + step - 1) / step * step;
}

/// One free list per size class between the two bounds: 4 per octave.
constexpr size_t kNumClasses = 4 * (kMaxPooledOctave - kMinPooledOctave);
size_t ClassIndex(size_t block) {
  const size_t octave = size_t(std::bit_width(block - 1)) - 1;  // 2^octave < block <= 2^(octave + 1)
  const size_t quarter = (block - (size_t{1} << octave)) / ((size_t{1} << octave) / 4) - 1;
  return (octave - kMinPooledOctave) * 4 + quarter;
}

struct FreeBlock {
  FreeBlock* next;
};

/// A busy list falls back to malloc rather than waiting: also right in a child forked while another thread held it.
class FreeList {
 public:
  uint8_t* TryPop() {
    if (busy_.test_and_set(std::memory_order_acquire)) return nullptr;
    FreeBlock* block = head_;
    if (block) head_ = block->next;
    busy_.clear(std::memory_order_release);
    return reinterpret_cast<uint8_t*>(block);
  }
  bool TryPush(uint8_t* data) {
    if (busy_.test_and_set(std::memory_order_acquire)) return false;
    head_ = new (data) FreeBlock{head_};
    busy_.clear(std::memory_order_release);
    return true;
  }

 private:
  std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
  FreeBlock* head_ = nullptr;
};

std::array<FreeList, kNumClasses> free_lists;
std::atomic<size_t> retained_bytes{0};
std::atomic<size_t> retained_limit{kMaxRetainedBytes};

struct Bounds {
  ForkSafeMutex mutex;
  std::multiset<uint64_t> bytes;
  void Apply() { retained_limit.store(std::min<uint64_t>(kMaxRetainedBytes, bytes.empty() ? UINT64_MAX : *bytes.begin()), std::memory_order_relaxed); }
};
Bounds& AllBounds() {
  static Bounds& bounds = *new Bounds;  // sessions may outlive everything static
  return bounds;
}

/// Small blocks come from malloc, whose per-thread lists know no alignment: the byte before a block says how far it was moved.
constexpr size_t kMaxSmallBytes = 896;
uint8_t* AllocateSmall(size_t block) {
  auto* raw = static_cast<uint8_t*>(std::malloc(block + kAlignment));
  if (!raw) throw std::bad_alloc();
  const size_t moved = kAlignment - reinterpret_cast<uintptr_t>(raw) % kAlignment;
  raw[moved - 1] = static_cast<uint8_t>(moved);
  return raw + moved;
}
void FreeSmall(uint8_t* data) { std::free(data - data[-1]); }

/// While the pool is bounded, blocks of this size are mapped one by one, so that what is freed goes back: in malloc's heaps it stays under
/// whatever lies above it. Mapped ones begin a page, those of malloc's never do: the byte before them says how far they were moved.
constexpr size_t kMinMappedBytes = size_t{256} << 10, kPageBytes = 4096;

uint8_t* AllocateLarge(size_t block) {
  if (block >= kMinMappedBytes && retained_limit.load(std::memory_order_relaxed) < kMaxRetainedBytes) {
    void* data = mmap(nullptr, block, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return data == MAP_FAILED ? nullptr : static_cast<uint8_t*>(data);
  }
  auto* raw = static_cast<uint8_t*>(std::aligned_alloc(kAlignment, block + 2 * kAlignment));
  if (!raw) return nullptr;
  const bool begins_page = reinterpret_cast<uintptr_t>(raw + kAlignment) % kPageBytes == 0;
  uint8_t* data = raw + (begins_page ? 2 : 1) * kAlignment;
  data[-1] = static_cast<uint8_t>(data - raw);
  return data;
}
void FreeLarge(uint8_t* data, size_t block) {
  if (reinterpret_cast<uintptr_t>(data) % kPageBytes == 0) munmap(data, block);
  else std::free(data - data[-1]);
}

bool IsPooled(size_t block) { return block > kMinPooledBytes && block <= kMaxPooledBytes; }

}  // namespace

uint8_t* PoolAllocate(size_t size) {
  const size_t block = BlockBytes(size);
  if (block <= kMaxSmallBytes) return AllocateSmall(block);
  if (IsPooled(block)) {
    if (uint8_t* data = free_lists[ClassIndex(block)].TryPop()) {
      retained_bytes.fetch_sub(block, std::memory_order_relaxed);
      return data;
    }
  }
  uint8_t* data = AllocateLarge(block);
  if (!data) throw std::bad_alloc();
  return data;
}

void PoolFree(uint8_t* data, size_t size) {
  if (!data) return;
  const size_t block = BlockBytes(size);
  if (block <= kMaxSmallBytes) return FreeSmall(data);
  if (IsPooled(block)) {
    if (retained_bytes.fetch_add(block, std::memory_order_relaxed) + block <= retained_limit.load(std::memory_order_relaxed) &&
        free_lists[ClassIndex(block)].TryPush(data)) {
      return;
    }
    retained_bytes.fetch_sub(block, std::memory_order_relaxed);
  }
  FreeLarge(data, block);
}

size_t PoolRetainedBytes() { return retained_bytes.load(std::memory_order_relaxed); }

void TrimPool() {
  for (size_t octave = kMinPooledOctave; octave < kMaxPooledOctave; ++octave) {
    for (size_t quarter = 1; quarter <= 4; ++quarter) {
      const size_t block = (size_t{1} << octave) + quarter * ((size_t{1} << octave) / 4);
      while (uint8_t* data = free_lists[ClassIndex(block)].TryPop()) {
        retained_bytes.fetch_sub(block, std::memory_order_relaxed);
        FreeLarge(data, block);
      }
    }
  }
}

PoolBound::PoolBound(uint64_t bytes) : bytes_(bytes) {
  Bounds& bounds = AllBounds();
  std::lock_guard lock(bounds.mutex);
  bounds.bytes.insert(bytes_);
  bounds.Apply();
}

PoolBound::~PoolBound() {
  Bounds& bounds = AllBounds();
  std::lock_guard lock(bounds.mutex);
  bounds.bytes.erase(bounds.bytes.find(bytes_));
  bounds.Apply();
}

void AdviseHugePages(uint8_t* data, size_t size) {
  constexpr uintptr_t kPage = 4096;
  const uintptr_t first = AlignUp(reinterpret_cast<uintptr_t>(data), kPage);
  const uintptr_t end = (reinterpret_cast<uintptr_t>(data) + size) / kPage * kPage;
  // Best effort: a kernel without large pages refuses, and nothing is lost.
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

void BufferBuilder::Grow(size_t capacity) {
  if (capacity < size_) throw std::bad_alloc();  // the sum of sizes that asked for it wrapped
  const size_t wanted = std::max(capacity, capacity_ + capacity_ / 2);
  const size_t usable = BlockBytes(wanted) - kSlackBytes;
  uint8_t* data = PoolAllocate(usable);
  if (size_ > 0) std::memcpy(data, data_, size_);
  PoolFree(data_, capacity_);
  data_ = data;
  capacity_ = usable;
}

Buffer BufferBuilder::Finish() {
  if (!data_) Grow(1);
  uint8_t* data = data_;
  const size_t size = size_, capacity = capacity_;
  data_ = nullptr;
  size_ = capacity_ = 0;
  // If the control block cannot be allocated, shared_ptr runs the deleter itself.
  return Buffer(data, size, std::shared_ptr<const void>(data, [capacity](const void* p) {
                  PoolFree(static_cast<uint8_t*>(const_cast<void*>(p)), capacity);
                }));
}

void BitBuilder::Extend(uint64_t n) {
  const size_t old_bytes = bytes_.size();
  const size_t new_bytes = BytesForBits(num_bits_ + n);
  if (new_bytes > old_bytes) bytes_.AppendFill(new_bytes - old_bytes, 0);
  num_bits_ += n;
}

void BitBuilder::AppendFill(uint64_t n, bool value) {
  const uint64_t first = num_bits_;
  Extend(n);
  if (value && n > 0) FillBits(bytes_.data(), first, n, true);
}

void BitBuilder::Append(const uint8_t* bits, uint64_t offset, uint64_t n) {
  const uint64_t first = num_bits_;
  Extend(n);
  CopyBits(bits, offset, bytes_.data(), first, n);
}

Buffer CopyToBuffer(ByteSpan bytes) {
  BufferBuilder builder(bytes.size());
  builder.Append(bytes);
  return builder.Finish();
}

}  // namespace eider
