#include "eider/file/file_tail.h"

#include <algorithm>
#include <array>

namespace eider::file {
namespace {

constexpr uint64_t kFooterBytes = 40;
constexpr uint64_t kVersionBytes = 8;  // u16 major, u16 minor, "LANC": at the end of files of every version
constexpr uint64_t kTailBytes = 64 << 10;

void CountRequest(ScanStats* stats, uint64_t bytes) {
  if (stats == nullptr) return;
  stats->requests.fetch_add(1, std::memory_order_relaxed);
  stats->rounds.fetch_add(1, std::memory_order_relaxed);
  stats->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

void CheckInside(const io::ReadableFile& file, const char* what, size_t index, ByteRange range) {
  if (range.offset > file.size() || range.length > file.size() - range.offset) {
    throw Corrupt("{} {}: bytes [{}, +{}) of a file of {}", what, index, range.offset, range.length, file.size());
  }
}

void CheckVersion(FileVersion version) {
  if (version == FileVersion{2, 1} || version == FileVersion{2, 2} || version.IsArrays() || version.IsLegacy()) return;
  throw Unsupported("file version {}", version.ToString());
}

std::vector<ByteRange> ReadTable(const io::ReadableFile& file, const FileTail& tail, const char* what, uint64_t position,
                                 uint64_t count, ScanStats* stats) {
  const ByteRange range{position, count * 16};  // count is a u32
  CheckInside(file, what, 0, range);
  const Buffer table = ReadThroughTail(file, tail, range, stats);
  std::vector<ByteRange> entries;
  entries.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    entries.push_back({LoadLe<uint64_t>(table.data() + 16 * i), LoadLe<uint64_t>(table.data() + 16 * i + 8)});
    CheckInside(file, what, i, entries.back());
  }
  return entries;
}

}  // namespace

Buffer ReadThroughTail(const io::ReadableFile& file, const FileTail& tail, ByteRange range, ScanStats* stats) {
  if (range.offset >= tail.start && range.end() <= tail.start + tail.bytes.size()) {
    if (tail.start == 0 && tail.bytes.size() > kTailBytes) CountRequest(stats, range.length);
    return tail.bytes.Slice(range.offset - tail.start, range.length);
  }
  CountRequest(stats, range.length);
  return file.Read(range);
}

FileTail ReadFileTail(const io::ReadableFile& file, ScanStats* stats) {
  const uint64_t size = file.size();
  if (size < kVersionBytes) throw Corrupt("{} bytes are too few for a footer", size);
  FileTail tail;
  tail.bytes = file.Mapped();
  const uint64_t tail_bytes = std::min(size, kTailBytes);
  if (!tail.bytes.present()) {
    tail.start = size - tail_bytes;
    tail.bytes = file.Read({tail.start, tail_bytes});
  }
  CountRequest(stats, tail_bytes);
  const ByteSpan bytes = tail.bytes.span();
  const uint8_t* end = bytes.data() + bytes.size();
  if (std::memcmp(end - 4, "LANC", 4) != 0) throw Corrupt("the last four bytes are not 'LANC'");
  tail.version = {LoadLe<uint16_t>(end - 8), LoadLe<uint16_t>(end - 6)};
  CheckVersion(tail.version);
  if (tail.version.IsLegacy()) return tail;
  if (bytes.size() < kFooterBytes) throw Corrupt("{} bytes are too few for a footer", bytes.size());
  const uint8_t* footer = end - kFooterBytes;
  const uint64_t columns = LoadLe<uint64_t>(footer + 8), buffers = LoadLe<uint64_t>(footer + 16);
  const uint32_t num_buffers = LoadLe<uint32_t>(footer + 24), num_columns = LoadLe<uint32_t>(footer + 28);
  if (num_buffers == 0) throw Corrupt("footer: no global buffers, the schema must be one");
  tail.columns = ReadTable(file, tail, "column metadata", columns, num_columns, nullptr);
  tail.global_buffers = ReadTable(file, tail, "global buffer", buffers, num_buffers, nullptr);
  return tail;
}

std::string FileVersion::ToString() const {
  if (*this == FileVersion{0, 3} || *this == FileVersion{2, 0}) return "2.0";
  if (*this == FileVersion{0, 1} || *this == FileVersion{0, 2}) return "0.1";
  return fmt::format("{}.{}", major, minor);
}

}  // namespace eider::file
