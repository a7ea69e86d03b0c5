#include "eider/file/page_verifier.h"

#include <algorithm>

#include "eider/base/crc32c.h"

namespace eider::file {

PageVerifier::PageVerifier(const page::PageSource& source, const PageSums& page, const FileSums& sums) : page_(page), sums_(sums) {
  uint64_t units = 0;
  for (const ByteRange& range : source.buffers) {
    const bool chunks = IsChunks(buffers_.size());
    const uint64_t n = chunks ? 0 : CeilDiv(range.length, kSumBlockBytes);
    buffers_.push_back({.range = range, .first_unit = units, .num_units = n});
    units += n;
  }
  if (HasChunks() ? buffers_.size() < 2 || units > page.num_sums : units != page.num_sums) {
    throw Corrupt("checksums: {} for {} buffers of at least {} units", page.num_sums, buffers_.size(), units);
  }
  if (HasChunks()) {  // the chunks have what the other buffers leave
    buffers_[1].num_units = page.num_sums - units;
    for (size_t b = 2; b < buffers_.size(); ++b) buffers_[b].first_unit += buffers_[1].num_units;
  }
  verified_ = std::make_unique<std::atomic<uint64_t>[]>(CeilDiv(page.num_sums, 64));
}

size_t PageVerifier::FindBuffer(uint64_t offset) const {
  for (size_t b = 0; b < buffers_.size(); ++b) {
    if (offset >= buffers_[b].range.offset && offset < buffers_[b].range.end()) return b;
  }
  return buffers_.size();
}

bool PageVerifier::IsBulk(ByteRange range) const {
  const size_t bulk = HasChunks() ? 1 : 0;
  return page_.kind != SumKind::kPlain && FindBuffer(range.offset) == bulk;
}

uint64_t PageVerifier::UnitAt(size_t buffer, uint64_t at) const {
  if (!IsChunks(buffer)) return at / kSumBlockBytes;
  return uint64_t(std::upper_bound(chunks_.ends.begin(), chunks_.ends.end(), at) - chunks_.ends.begin());
}

ByteRange PageVerifier::UnitRange(size_t buffer, uint64_t unit) const {
  const ByteRange& range = buffers_[buffer].range;
  if (IsChunks(buffer)) {
    const uint64_t begin = unit == 0 ? 0 : chunks_.ends[unit - 1];
    return {range.offset + begin, chunks_.ends[unit] - begin};
  }
  const uint64_t begin = unit * kSumBlockBytes;
  return {range.offset + begin, std::min(kSumBlockBytes, range.length - begin)};
}

void PageVerifier::CutChunkBuffer(const io::ReadableFile& file, ByteSpan mapping) const {
  std::call_once(cut_, [&] {
    const ByteRange words = buffers_[0].range;
    eider::Buffer held;
    if (mapping.empty()) held = file.Read(words);
    const ByteSpan bytes = mapping.empty() ? held.span() : CheckedSubspan(mapping, words.offset, words.length, "mapping");
    for (uint64_t unit = 0; unit < buffers_[0].num_units; ++unit) {
      const ByteRange range = UnitRange(0, unit);
      CheckUnit(file, 0, unit, bytes.subspan(range.offset - words.offset, range.length));
    }
    chunks_ = CutChunks(bytes, page_.kind, buffers_[1].range.length);
    if (chunks_.ends.size() != buffers_[1].num_units) {
      throw Corrupt("checksums: {} for {} units of chunks", buffers_[1].num_units, chunks_.ends.size());
    }
  });
}

void PageVerifier::Verify(const io::ReadableFile& file, ByteSpan mapping, ByteRange range, ByteSpan bytes, bool is_take) const {
  if (range.length == 0) return;
  const size_t buffer = FindBuffer(range.offset);
  if (buffer == buffers_.size()) return;
  if (IsChunks(buffer)) CutChunkBuffer(file, mapping);
  const uint64_t start = buffers_[buffer].range.offset;
  const uint64_t last = UnitAt(buffer, std::min(range.end(), buffers_[buffer].range.end()) - 1 - start);
  for (uint64_t unit = UnitAt(buffer, range.offset - start); unit <= last; ++unit) {
    const uint64_t bit = buffers_[buffer].first_unit + unit;
    if (!mapping.empty() && verified_[bit / 64].load(std::memory_order_relaxed) >> (bit % 64) & 1) continue;
    const ByteRange place = UnitRange(buffer, unit);
    const bool inside = place.offset >= range.offset && place.end() <= range.end();
    if (inside) {
      CheckUnit(file, buffer, unit, bytes.subspan(place.offset - range.offset, place.length));
    } else if (is_take) {
      continue;
    } else if (!mapping.empty()) {
      CheckUnit(file, buffer, unit, CheckedSubspan(mapping, place.offset, place.length, "mapping"));
    } else {
      CheckUnit(file, buffer, unit, file.Read(place).span());
    }
    if (!mapping.empty()) verified_[bit / 64].fetch_or(uint64_t{1} << (bit % 64), std::memory_order_relaxed);
  }
}

void PageVerifier::CheckUnit(const io::ReadableFile& file, size_t buffer, uint64_t unit, ByteSpan bytes) const {
  const uint32_t sum = Crc32c(bytes), stored = LoadLe<uint32_t>(sums_.Sums(file, page_.first_sum + buffers_[buffer].first_unit + unit, 1).data());
  if (sum == stored) return;
  const ByteRange place = UnitRange(buffer, unit);
  std::string where = fmt::format("buffer {}, block {}", buffer, unit);
  if (IsChunks(buffer)) {
    const uint32_t first = unit == 0 ? 0 : chunks_.chunk_ends[unit - 1], last = chunks_.chunk_ends[unit] - 1;
    where = first == last ? fmt::format("chunk {}", first) : fmt::format("chunks {} to {}", first, last);
  }
  throw Corrupt("{}: checksum {:08x}, stored is {:08x} (bytes [{}, +{}) of the file)", where, sum, stored, place.offset, place.length);
}

}  // namespace eider::file
