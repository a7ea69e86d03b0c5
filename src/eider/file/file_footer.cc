#include "eider/file/file_footer.h"

namespace eider::file {
namespace {

void AppendRange(BufferBuilder& out, ByteRange range) {
  out.AppendValue<uint64_t>(range.offset);
  out.AppendValue<uint64_t>(range.length);
}

}  // namespace

BufferBuilder SerializeFileEnd(uint64_t position, const std::string& descriptor, std::span<const std::string> columns,
                               std::span<const ByteRange> global_buffers, FileVersion version) {
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
  out.AppendValue<uint64_t>(metadata_start);
  out.AppendValue<uint64_t>(column_table);
  out.AppendValue<uint64_t>(global_table);
  out.AppendValue<uint32_t>(uint32_t(global_buffers.size() + 1));
  out.AppendValue<uint32_t>(uint32_t(columns.size()));
  out.AppendValue<uint16_t>(version.major);
  out.AppendValue<uint16_t>(version.minor);
  out.Append("LANC", 4);
  return out;
}

}  // namespace eider::file
