#include "eider/file/file_tail.h"

#include <algorithm>

#include "eider/base/memory.h"
#include "eider/file/file_footer.h"
#include "eider/io/local_file.h"

namespace eider::file {
namespace {

constexpr uint64_t kVersionBytes = 8;  // u16 major, u16 minor, "LANC": at the end of files of every version
constexpr uint64_t kTailBytes = 64 << 10;

void CountRequest(ScanStats* stats, uint64_t bytes) {
  if (stats == nullptr) return;
  stats->requests.fetch_add(1, std::memory_order_relaxed);
  stats->rounds.fetch_add(1, std::memory_order_relaxed);
  stats->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

ByteRange Entry(const FileTail& tail, const Buffer& table, const char* what, size_t index) {
  const uint8_t* entry = table.data() + 16 * index;
  const ByteRange range{LoadLe<uint64_t>(entry), LoadLe<uint64_t>(entry + 8)};
  if (range.offset > tail.file_bytes || range.length > tail.file_bytes - range.offset) {
    throw Corrupt("{} {}: bytes [{}, +{}) of a file of {}", what, index, range.offset, range.length, tail.file_bytes);
  }
  return range;
}

void CheckVersion(FileVersion version) {
  const bool leaves = version.major == 2 && version.minor >= 1 && version.minor <= 3;
  if (leaves || version.IsArrays() || version.IsLegacy()) return;
  throw Unsupported("file version {}", version.ToString());
}

Buffer ReadTable(const io::ReadableFile& file, const FileTail& tail, const char* what, uint64_t position, uint64_t count,
                 ScanStats* stats) {
  const uint64_t bytes = count * 16;  // count is a u32
  if (position > tail.file_bytes || bytes > tail.file_bytes - position) {
    throw Corrupt("{} table: bytes [{}, +{}) of a file of {}", what, position, bytes, tail.file_bytes);
  }
  return KeepThroughTail(file, tail, {position, bytes}, stats);
}

// The tables lie one behind the other and are read at once.
void ReadTables(const io::ReadableFile& file, const uint8_t* footer, FileTail& tail, ScanStats* stats) {
  const uint64_t columns = LoadLe<uint64_t>(footer + 8), buffers = LoadLe<uint64_t>(footer + 16);
  tail.num_global_buffers = LoadLe<uint32_t>(footer + 24);
  tail.num_columns = LoadLe<uint32_t>(footer + 28);
  if (tail.num_global_buffers == 0) throw Corrupt("footer: no global buffers, the schema must be one");
  const bool adjacent = buffers == columns + uint64_t{tail.num_columns} * 16;
  tail.column_table = ReadTable(file, tail, "column metadata", columns, tail.num_columns, stats);
  tail.buffer_table = ReadTable(file, tail, "global buffer", buffers, tail.num_global_buffers, adjacent ? nullptr : stats);
}

}  // namespace

ByteRange FileTail::column(size_t index) const { return Entry(*this, column_table, "column metadata", index); }
ByteRange FileTail::global_buffer(size_t index) const { return Entry(*this, buffer_table, "global buffer", index); }

Buffer ReadThroughTail(const io::ReadableFile& file, const FileTail& tail, ByteRange range, ScanStats* stats) {
  if (range.offset >= tail.start && tail.bytes.present()) return tail.bytes.Slice(range.offset - tail.start, range.length);
  if (range.offset < tail.start) CountRequest(stats, range.length);
  return file.Read(range);
}

Buffer KeepThroughTail(const io::ReadableFile& file, const FileTail& tail, ByteRange range, ScanStats* stats) {
  const Buffer bytes = ReadThroughTail(file, tail, range, stats);
  return file.size() <= io::kCopiedBytes ? bytes : CopyToBuffer(bytes.span());
}

FileTail ReadFileTail(const io::ReadableFile& file, ScanStats* stats) {
  const uint64_t size = file.size();
  if (size < kVersionBytes) throw Corrupt("{} bytes are too few for a footer", size);
  FileTail tail{.file_bytes = size, .start = size - std::min(size, kTailBytes)};
  CountRequest(stats, size - tail.start);
  const Buffer bytes = file.Read({tail.start, size - tail.start});
  if (!file.Mapped().present()) tail.bytes = bytes;
  const uint8_t* end = bytes.data() + bytes.size();
  if (std::memcmp(end - 4, "LANC", 4) != 0) throw Corrupt("the last four bytes are not 'LANC'");
  tail.version = {LoadLe<uint16_t>(end - 8), LoadLe<uint16_t>(end - 6)};
  CheckVersion(tail.version);
  if (tail.version.IsLegacy()) return tail;
  if (bytes.size() < kFooterBytes) throw Corrupt("{} bytes are too few for a footer", bytes.size());
  ReadTables(file, end - kFooterBytes, tail, stats);
  return tail;
}

std::string FileVersion::ToString() const {
  if (*this == FileVersion{0, 3} || *this == FileVersion{2, 0}) return "2.0";
  if (*this == FileVersion{0, 1} || *this == FileVersion{0, 2}) return "0.1";
  return fmt::format("{}.{}", major, minor);
}

}  // namespace eider::file
