#include "eider/io/cold_ranges.h"

#include <sys/mman.h>

#include <algorithm>
#include <ctime>

namespace eider::io {
namespace {

constexpr size_t kSamples = 4;
/// Far more than misses and faults of bytes that are in memory take, far less than a visit to a disk.
constexpr int64_t kSlowSpanNs = 8'000;
/// Spans asked for ahead of those that are read: what keeps a disk busy.
constexpr size_t kAhead = 1024;
/// Longer spans are read in order; the system sees that by itself.
constexpr uint64_t kMaxSpanBytes = 8 << 20;
constexpr uintptr_t kPage = 4096;

int64_t Now() {
  struct timespec now;
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

uintptr_t PageOf(const uint8_t* p) { return reinterpret_cast<uintptr_t>(p) / kPage * kPage; }

// Asked, not touched: around a page that is missing the system reads megabytes.
bool IsMissing(ByteSpan span) {
  unsigned char present = 1;
  return !span.empty() && ::mincore(reinterpret_cast<void*>(PageOf(span.data())), 1, &present) == 0 && (present & 1) == 0;
}

}  // namespace

bool ColdRanges::AnySampleIsMissing(size_t begin, size_t end) const {
  const size_t step = std::max<size_t>(1, (end - begin) / kSamples);
  for (size_t i = begin; i < end; i += step) {
    if (IsMissing(spans_[i])) return true;
  }
  return false;
}

void ColdRanges::Expect(size_t begin, size_t end) {
  if (begin >= end) return;
  if (!is_cold_) {
    const int64_t now = Now();
    is_cold_ = looked_spans_ > 0 ? now - looked_ns_ > static_cast<int64_t>(looked_spans_) * kSlowSpanNs : AnySampleIsMissing(begin, end);
    looked_ns_ = now;
    looked_spans_ = end - begin;
  }
  if (!is_cold_) return;
  for (asked_ = std::max(asked_, begin); asked_ < std::min(spans_.size(), end + kAhead); ++asked_) {
    const ByteSpan span = spans_[asked_];
    if (span.empty() || span.size() > kMaxSpanBytes) continue;
    const uintptr_t first = PageOf(span.data());
    const uintptr_t last = AlignUp(reinterpret_cast<uintptr_t>(span.data()) + span.size(), kPage);
    ::madvise(reinterpret_cast<void*>(first), last - first, MADV_WILLNEED);  // advice: whoever refuses it reads as before
  }
}

}  // namespace eider::io
