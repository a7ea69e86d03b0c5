#include <algorithm>
#include <numeric>
#include <vector>

#include "eider/io/store.h"

namespace eider::io {
namespace {

constexpr uint8_t kNothing = 0;

void CheckRanges(const ReadableFile& file, std::span<const ByteRange> ranges) {
  const uint64_t size = file.size();
  for (const ByteRange& range : ranges) {
    if (range.offset > size || range.length > size - range.offset) {
      throw Corrupt("'{}': bytes [{}, +{}) of a file of {}", file.path(), range.offset, range.length, size);
    }
  }
}

/// Positions of the ranges by offset. Most callers ask in order already.
std::vector<uint32_t> SortedOrder(std::span<const ByteRange> ranges) {
  std::vector<uint32_t> order(ranges.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto before = [&](uint32_t a, uint32_t b) { return ranges[a].offset < ranges[b].offset; };
  if (!std::is_sorted(order.begin(), order.end(), before)) std::stable_sort(order.begin(), order.end(), before);
  return order;
}

/// Calls visit(request, members) for each coalesced request; `members` are positions in `ranges`.
template <typename Visit>
void ForEachRequest(std::span<const ByteRange> ranges, const CoalesceOptions& options, Visit&& visit) {
  const std::vector<uint32_t> order = SortedOrder(ranges);
  for (size_t i = 0; i < order.size();) {
    ByteRange request = ranges[order[i]];
    size_t end = i + 1;
    for (; end < order.size(); ++end) {
      const ByteRange& next = ranges[order[end]];
      const bool near = next.offset <= request.end() || next.offset - request.end() <= options.max_hole_bytes;
      const uint64_t merged = std::max(request.end(), next.end()) - request.offset;
      if (!near || (merged > options.max_request_bytes && next.end() > request.end())) break;
      request.length = merged;
    }
    visit(request, std::span(order).subspan(i, end - i));
    i = end;
  }
}

bool Continues(const ByteRange& request, const ByteRange& next, const CoalesceOptions& options) {
  const bool is_near = next.offset >= request.offset && (next.offset <= request.end() || next.offset - request.end() <= options.max_hole_bytes);
  return is_near && next.end() - request.offset <= options.max_request_bytes;
}

/// What is read of a mapping. In the order that was asked, which costs less than to sort.
void CountMapped(const ReadableFile& file, std::span<const ByteRange> ranges, const CoalesceOptions& options) {
  uint64_t requests = 0, bytes = 0;
  ByteRange request;
  for (const ByteRange& range : ranges) {
    if (range.length == 0) continue;
    if (requests > 0 && Continues(request, range, options)) {
      const uint64_t end = std::max(request.end(), range.end());
      bytes += end - request.end();
      request.length = end - request.offset;
      continue;
    }
    ++requests;
    bytes += range.length;
    request = range;
  }
  if (requests > 0) file.CountReads(requests, bytes);
}

void Count(ScanStats* stats, const ByteRange& request) {
  if (!stats || request.length == 0) return;
  stats->requests.fetch_add(1, std::memory_order_relaxed);
  stats->bytes.fetch_add(request.length, std::memory_order_relaxed);
}

}  // namespace

void CountRequests(std::span<const ByteRange> ranges, ScanStats* stats, const CoalesceOptions& options) {
  if (stats == nullptr || ranges.empty()) return;
  stats->rounds.fetch_add(1, std::memory_order_relaxed);
  ForEachRequest(ranges, options, [&](const ByteRange& request, std::span<const uint32_t>) { Count(stats, request); });
}

void RangeBatch::Read(const ReadableFile& file, std::span<const ByteRange> ranges, std::span<ByteSpan> out, ScanStats* stats,
                      const CoalesceOptions& options) {
  EIDER_ASSERT(out.size() == ranges.size());
  CheckRanges(file, ranges);
  if (stats && !ranges.empty()) stats->rounds.fetch_add(1, std::memory_order_relaxed);
  const Buffer mapped = file.Mapped();
  if (mapped.present()) {
    for (size_t i = 0; i < ranges.size(); ++i) out[i] = mapped.span().subspan(ranges[i].offset, ranges[i].length);
    if (stats) ForEachRequest(ranges, options, [&](const ByteRange& request, std::span<const uint32_t>) { Count(stats, request); });
    CountMapped(file, ranges, options);
    if (held_.empty() || held_.back().owner() != mapped.owner()) held_.push_back(mapped);
    return;
  }
  ForEachRequest(ranges, options, [&](const ByteRange& request, std::span<const uint32_t> members) {
    Count(stats, request);
    const Buffer bytes = request.length ? file.Read(request) : Buffer(&kNothing, 0, nullptr);
    for (const uint32_t i : members) out[i] = bytes.span().subspan(ranges[i].offset - request.offset, ranges[i].length);
    held_.push_back(bytes);
  });
}

}  // namespace eider::io
