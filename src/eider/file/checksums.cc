#include "eider/file/checksums.h"

#include "eider/base/crc32c.h"
#include "eider/file/file_footer.h"
#include "eider/file/varint_cursor.h"

namespace eider::file {
namespace {

constexpr uint16_t kHasBlobSums = 1;
constexpr uint64_t kSumsHeaderBytes = 32;  // before the sums of the global buffers
constexpr uint8_t kHasBounds = 1, kMinIsCut = 2, kMaxIsCut = 4, kHasNan = 8;

void AppendText(BufferBuilder& out, const std::string& text) {
  AppendVarint(out, text.size());
  out.Append(text.data(), text.size());
}

uint32_t RecordSum(size_t column, ByteSpan rest) {
  uint8_t number[4];
  StoreLe(number, uint32_t(column));
  return Crc32c(rest, Crc32c(number));
}

/// Sums the parts of a buffer up to given ends.
class UnitSummer {
 public:
  UnitSummer(const page::PageBuffer& buffer, std::vector<uint32_t>& sums) : parts_(buffer.parts), sums_(sums) {}
  void SumTo(uint64_t end) {
    uint32_t crc = 0;
    while (at_ < end) {
      const ByteSpan part = parts_[part_].subspan(in_part_);
      const uint64_t n = std::min<uint64_t>(part.size(), end - at_);
      crc = Crc32c(part.first(n), crc);
      at_ += n;
      in_part_ += n;
      if (n == part.size()) ++part_, in_part_ = 0;
    }
    sums_.push_back(crc);
  }

 private:
  const std::vector<ByteSpan>& parts_;
  std::vector<uint32_t>& sums_;
  size_t part_ = 0;
  uint64_t in_part_ = 0, at_ = 0;
};

page::PageStatistics ParseStatistics(VarintCursor& cursor) {
  page::PageStatistics statistics;
  if (const uint64_t nulls = cursor.Varint(); nulls > 0) statistics.null_count = nulls - 1;
  const uint8_t flags = cursor.Byte();
  if (flags & kHasBounds) {
    statistics.min = cursor.Text();
    statistics.max = cursor.Text();
  }
  statistics.min_is_cut = flags & kMinIsCut;
  statistics.max_is_cut = flags & kMaxIsCut;
  statistics.has_nan = flags & kHasNan;
  return statistics;
}

void AppendStatistics(BufferBuilder& out, const page::PageStatistics& statistics) {
  AppendVarint(out, statistics.null_count ? *statistics.null_count + 1 : 0);
  const bool bounds = statistics.min && statistics.max;
  out.AppendValue<uint8_t>((bounds ? kHasBounds : 0) | (statistics.min_is_cut ? kMinIsCut : 0) |
                           (statistics.max_is_cut ? kMaxIsCut : 0) | (statistics.has_nan ? kHasNan : 0));
  if (!bounds) return;
  AppendText(out, *statistics.min);
  AppendText(out, *statistics.max);
}

}  // namespace

ChunkUnits CutChunks(ByteSpan words, SumKind kind, uint64_t chunk_bytes) {
  const size_t width = kind == SumKind::kMiniBlockU32 ? 4 : 2;
  const size_t num_chunks = words.size() / width;
  ChunkUnits units;
  uint64_t start = 0, end = 0;
  for (size_t i = 0; i < num_chunks; ++i) {
    const uint64_t word = width == 4 ? LoadLe<uint32_t>(words.data() + 4 * i) : LoadLe<uint16_t>(words.data() + 2 * i);
    end += ((word >> 4) + 1) * 8;
    if (end > chunk_bytes) throw Corrupt("chunk table: chunk {} ends at byte {} of {}", i, end, chunk_bytes);
    if (end - start < kSumRunBytes && i + 1 < num_chunks) continue;
    units.ends.push_back(end);
    units.chunk_ends.push_back(uint32_t(i + 1));
    start = end;
  }
  if (end != chunk_bytes) throw Corrupt("chunk table: chunks cover {} bytes of {}", end, chunk_bytes);
  return units;
}

SumKind SumWriter::KindOf(const page::EncodedPage& page) {
  if (page.layout.has_full_zip_layout()) return SumKind::kFullZip;
  if (!page.layout.has_mini_block_layout()) return SumKind::kPlain;
  return page.layout.mini_block_layout().has_large_chunk() ? SumKind::kMiniBlockU32 : SumKind::kMiniBlockU16;
}

std::vector<uint32_t> SumWriter::Sum(const page::EncodedPage& page) {
  const SumKind kind = KindOf(page);
  const bool has_chunks = kind == SumKind::kMiniBlockU16 || kind == SumKind::kMiniBlockU32;
  std::vector<uint32_t> sums;
  for (size_t b = 0; b < page.buffers.size(); ++b) {
    const page::PageBuffer& buffer = page.buffers[b];
    const uint64_t size = buffer.size();
    UnitSummer summer(buffer, sums);
    if (has_chunks && b == 1) {
      BufferBuilder words;
      for (const ByteSpan part : page.buffers[0].parts) words.Append(part);
      for (const uint64_t end : CutChunks(words.span(), kind, size).ends) summer.SumTo(end);
    } else {
      for (uint64_t at = 0; at < size; at += kSumBlockBytes) summer.SumTo(std::min(size, at + kSumBlockBytes));
    }
  }
  return sums;
}

void SumWriter::AddPage(size_t index, const page::EncodedPage& page, std::span<const uint32_t> sums) {
  Column& column = columns_[index];
  ++column.num_pages;
  column.pages.AppendValue<uint8_t>(uint8_t(KindOf(page)));
  AppendVarint(column.pages, sums.size());
  AppendStatistics(column.pages, page.statistics);
  column.sums.insert(column.sums.end(), sums.begin(), sums.end());
}

BufferBuilder SumWriter::Serialize(FileVersion version, std::span<const std::string> column_metadata,
                                   std::span<const uint32_t> global_sums, bool has_blob_sums) const {
  BufferBuilder records;
  std::vector<uint32_t> starts;
  uint64_t num_sums = 0;
  const uint64_t table = kSumsHeaderBytes + 4 * (global_sums.size() + 1) + 4;
  const uint64_t first_record = table + 4 * (columns_.size() + 1);
  for (size_t c = 0; c < columns_.size(); ++c) {
    const std::string& metadata = column_metadata[c];
    BufferBuilder record;
    record.AppendValue<uint32_t>(Crc32c({reinterpret_cast<const uint8_t*>(metadata.data()), metadata.size()}));
    AppendVarint(record, num_sums);
    AppendVarint(record, columns_[c].num_pages);
    record.Append(columns_[c].pages.span());
    starts.push_back(uint32_t(first_record + records.size()));
    records.AppendValue<uint32_t>(RecordSum(c, record.span()));
    records.Append(record.span());
    num_sums += columns_[c].sums.size();
  }
  starts.push_back(uint32_t(first_record + records.size()));
  const uint64_t total = first_record + records.size() + 4 * num_sums;
  if (total > UINT32_MAX) throw Unsupported("checksums of {} bytes: write more than one file, or none", total);

  BufferBuilder out(total);
  out.Append(kSumsMagic, 8);
  for (const uint16_t n : {kSumsLayoutVersion, version.major, version.minor, uint16_t(has_blob_sums ? kHasBlobSums : 0)}) out.AppendValue<uint16_t>(n);
  out.AppendValue<uint32_t>(uint32_t(columns_.size()));
  out.AppendValue<uint32_t>(uint32_t(global_sums.size() + 1));
  out.AppendValue<uint64_t>(total);
  for (const uint32_t sum : global_sums) out.AppendValue<uint32_t>(sum);
  out.AppendValue<uint32_t>(0);
  out.AppendValue<uint32_t>(Crc32c(out.span()));
  for (const uint32_t start : starts) out.AppendValue<uint32_t>(start);
  out.Append(records.span());
  for (const Column& column : columns_) out.Append(column.sums.data(), 4 * column.sums.size());
  return out;
}

bool FileSums::FindHeader(const io::ReadableFile& file, const FileTail& tail, ScanStats* stats) {
  const std::optional<uint16_t> sealed = ReadSeal(file, tail);
  if (sealed && *sealed != kSumsLayoutVersion) return false;
  if (tail.num_global_buffers >= 2) range_ = tail.global_buffer(tail.num_global_buffers - 1);
  if (range_.length >= kSumsHeaderBytes) {
    const bool mapped = file.Mapped().present();
    const Buffer start = ReadThroughTail(file, tail, {range_.offset, mapped ? kSumsHeaderBytes : range_.length}, mapped ? nullptr : stats);
    const uint16_t version = LoadLe<uint16_t>(start.data() + 8);
    const bool is_magic = std::memcmp(start.data(), kSumsMagic, 8) == 0;
    if (is_magic ? sealed && version != kSumsLayoutVersion : ResemblesSumsMagic(start.data())) {
      throw Corrupt("checksums: header of layout {} begins with '{}'", version, std::string_view(reinterpret_cast<const char*>(start.data()), 8));
    }
    if (is_magic && version == kSumsLayoutVersion) {
      if (!mapped) copy_ = CopyToBuffer(start.span());
      return true;
    }
  }
  if (sealed) throw Corrupt("checksums: the last global buffer, {} bytes at {}, has none", range_.length, range_.offset);
  return false;
}

FileSums::FileSums(const io::ReadableFile& file, const FileTail& tail, ScanStats* stats) {
  if (!FindHeader(file, tail, stats)) return;
  const uint64_t header_bytes = kSumsHeaderBytes + 4 * uint64_t(LoadLe<uint32_t>(Bytes(file, 20, 4).data()));
  header_ = CopyToBuffer(Bytes(file, 0, header_bytes).span());
  const uint32_t sum = Crc32c(header_.span()), stored = LoadLe<uint32_t>(Bytes(file, header_bytes, 4).data());
  if (sum != stored) throw Corrupt("checksums: header has checksum {:08x}, stored is {:08x}", sum, stored);
  CheckHeader(tail);
  table_begin_ = header_bytes + 4;
  const uint64_t sums_begin = LoadLe<uint32_t>(Bytes(file, table_begin_ + 4 * uint64_t(tail.num_columns), 4).data());
  if (sums_begin < table_begin_ || sums_begin > range_.length) throw Corrupt("checksums: sums at {} of {} bytes", sums_begin, range_.length);
  sums_begin_ = sums_begin;
}

std::optional<ByteRange> FileSums::BlobSumsRange(const FileTail& tail) const {
  if ((LoadLe<uint16_t>(header_.data() + 14) & kHasBlobSums) == 0) return std::nullopt;
  if (tail.num_global_buffers < 3) throw Corrupt("checksums of blobs: {} global buffers", tail.num_global_buffers);
  return tail.global_buffer(tail.num_global_buffers - 2);
}

void FileSums::CheckHeader(const FileTail& tail) {
  const uint8_t* p = header_.data();
  const FileVersion written{LoadLe<uint16_t>(p + 10), LoadLe<uint16_t>(p + 12)};
  const uint32_t columns = LoadLe<uint32_t>(p + 16), buffers = LoadLe<uint32_t>(p + 20);
  const uint64_t bytes = LoadLe<uint64_t>(p + 24);
  if (written == tail.version && columns == tail.num_columns && buffers == tail.num_global_buffers && bytes == range_.length) return;
  throw Corrupt("checksums: of a file of version {}, {} columns, {} global buffers, {} bytes of checksums; found {}, {}, {}, {}",
                written.ToString(), columns, buffers, bytes, tail.version.ToString(), tail.num_columns, tail.num_global_buffers, range_.length);
}

Buffer FileSums::Bytes(const io::ReadableFile& file, uint64_t offset, uint64_t length) const {
  if (offset > range_.length || length > range_.length - offset) {
    throw Corrupt("checksums: bytes [{}, +{}) of {}", offset, length, range_.length);
  }
  if (copy_.present()) return copy_.Slice(offset, length);
  // A few bytes here and there of a mapping are no reads worth counting.
  const Buffer mapping = file.Mapped();
  const ByteRange range{range_.offset + offset, length};
  const bool is_inside = mapping.present() && range.offset <= mapping.size() && length <= mapping.size() - range.offset;
  return is_inside ? mapping.Slice(range.offset, length) : file.Read(range);
}

Buffer FileSums::Sums(const io::ReadableFile& file, uint64_t first, uint64_t count) const {
  return Bytes(file, sums_begin_ + 4 * first, 4 * count);
}

void FileSums::CheckGlobalBuffer(size_t index, ByteSpan bytes) const {
  if (kSumsHeaderBytes + 4 * (index + 1) >= header_.size()) return;  // the last one is this one
  const uint32_t sum = Crc32c(bytes), stored = LoadLe<uint32_t>(header_.data() + kSumsHeaderBytes + 4 * index);
  if (sum != stored) throw Corrupt("global buffer {}: checksum {:08x}, stored is {:08x}", index, sum, stored);
}

ColumnSums FileSums::Column(const io::ReadableFile& file, size_t index, ByteSpan metadata) const {
  const Buffer entry = Bytes(file, table_begin_ + 4 * index, 8);
  const uint32_t begin = LoadLe<uint32_t>(entry.data()), end = LoadLe<uint32_t>(entry.data() + 4);
  if (begin > end || end > range_.length || end - begin < 8) throw Corrupt("checksums: record at [{}, {}) of {} bytes", begin, end, range_.length);
  const Buffer held = Bytes(file, begin, end - begin);
  const ByteSpan record = held.span();
  const uint32_t sum = RecordSum(index, record.subspan(4)), stored = LoadLe<uint32_t>(record.data());
  if (sum != stored) throw Corrupt("checksums: record has checksum {:08x}, stored is {:08x}", sum, stored);
  const uint32_t metadata_sum = Crc32c(metadata), stored_metadata_sum = LoadLe<uint32_t>(record.data() + 4);
  if (metadata_sum != stored_metadata_sum) {
    throw Corrupt("column metadata: checksum {:08x}, stored is {:08x}", metadata_sum, stored_metadata_sum);
  }
  const uint64_t num_sums = (range_.length - sums_begin_) / 4;
  VarintCursor cursor(record.subspan(8));
  ColumnSums column{.file = this};
  uint64_t next = cursor.Varint();
  for (uint64_t pages = cursor.Varint(); pages > 0; --pages) {
    PageSums page{.kind = SumKind(cursor.Byte()), .first_sum = next, .num_sums = cursor.Varint()};
    if (page.kind > SumKind::kFullZip) throw Corrupt("checksums: a page of kind {}", uint8_t(page.kind));
    page.statistics = ParseStatistics(cursor);
    next = CheckedAdd(next, page.num_sums, "checksums");
    if (next > num_sums) throw Corrupt("checksums: sum {} of {}", next, num_sums);
    column.pages.push_back(std::move(page));
  }
  if (!cursor.done()) throw Corrupt("checksums: {} bytes behind the record of column {}", cursor.left(), index);
  return column;
}

}  // namespace eider::file
