#include "eider/file/file_footer.h"

#include "eider/base/crc32c.h"
#include "eider/base/error.h"

namespace eider::file {
namespace {

constexpr uint64_t kSealBytes = 16;

void AppendRange(BufferBuilder& out, ByteRange range) {
  out.AppendValue<uint64_t>(range.offset);
  out.AppendValue<uint64_t>(range.length);
}

}  // namespace

BufferBuilder SerializeFileEnd(uint64_t position, const std::string& descriptor, std::span<const std::string> columns,
                               std::span<const ByteRange> global_buffers, FileVersion version, bool sealed) {
  BufferBuilder out;
  out.Append(descriptor.data(), descriptor.size());
  const uint64_t metadata_start = position + out.size();
  std::vector<ByteRange> ranges;
  for (const std::string& column : columns) {
    ranges.push_back({position + out.size(), column.size()});
    out.Append(column.data(), column.size());
  }
  const uint64_t column_table = position + out.size();
  for (const ByteRange range : ranges) AppendRange(out, range);
  const uint64_t global_table = position + out.size();
  AppendRange(out, {position, descriptor.size()});
  for (const ByteRange range : global_buffers) AppendRange(out, range);
  const uint64_t seal = out.size();
  if (sealed) {
    for (const uint16_t n : {0, 0, int(kSumsLayoutVersion), 0}) out.AppendValue<uint16_t>(n);
    out.Append(kSumsMagic, 8);
  }
  out.AppendValue<uint64_t>(metadata_start);
  out.AppendValue<uint64_t>(column_table);
  out.AppendValue<uint64_t>(global_table);
  out.AppendValue<uint32_t>(uint32_t(global_buffers.size() + 1));
  out.AppendValue<uint32_t>(uint32_t(columns.size()));
  out.AppendValue<uint16_t>(version.major);
  out.AppendValue<uint16_t>(version.minor);
  out.Append("LANC", 4);
  if (sealed) {
    const ByteSpan table = out.span().subspan(global_table - position, seal - (global_table - position));
    StoreLe(out.data() + seal, Crc32c(out.span().subspan(seal + 4), Crc32c(table)));
  }
  return out;
}

std::optional<uint16_t> ReadSeal(const io::ReadableFile& file, const FileTail& tail) {
  if (tail.file_bytes < kSealBytes + kFooterBytes) return std::nullopt;
  const ByteRange range{tail.file_bytes - kSealBytes - kFooterBytes, kSealBytes + kFooterBytes};
  const Buffer held = ReadThroughTail(file, tail, range, nullptr);
  const ByteSpan bytes = held.span();
  if (!ResemblesSumsMagic(bytes.data() + 8)) return std::nullopt;
  const uint32_t sum = Crc32c(bytes.subspan(4), Crc32c(tail.buffer_table.span())), stored = LoadLe<uint32_t>(bytes.data());
  if (sum != stored) throw Corrupt("footer and global buffer table: checksum {:08x}, stored is {:08x}", sum, stored);
  return LoadLe<uint16_t>(bytes.data() + 4);
}

}  // namespace eider::file
