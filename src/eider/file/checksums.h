#pragma once
/// \file
/// Checksums and page statistics of a data file: one more global buffer, the last one, which other engines ignore.
///
///     header   8  "EIDERSUM"
///              2  u16 version of this layout: 1
///              2  u16 major, 2 u16 minor version of the file
///              2  u16 1: the global buffer before this one has the sums of blobs (blob_sums.h); else 0
///              4  u32 columns C
///              4  u32 global buffers G, this one included
///              8  u64 bytes of this buffer
///            4xG  u32 sum of each global buffer; 0 for this one
///              4  u32 sum of the header up to here
///     table    4x(C+1)  u32 where each column's record starts, from the start of this buffer; the last: where the sums start
///     records  one per column
///              4  u32 sum of the column's number (u32) and of the record after this field
///              4  u32 sum of the column's metadata
///              .  varint: its first sum, counted in sums;  varint: pages, and for each
///                 1  kind: 0 plain buffers, 1 mini-block with u16 words, 2 mini-block with u32 words, 3 full-zip
///                 .  varint sums;  varint nulls + 1, 0: unknown
///                 1  flags: 1 bounds, 2 min is cut, 4 max is cut, 8 NaN present
///                 .  with bounds: varint length and bytes of min, the same of max (page_statistics.h)
///     sums     u32 each: those of a page one after the other, buffer by buffer
///
/// A sum is the CRC-32C of a *unit*. The units of a buffer are its blocks of 64 KiB, the last one shorter. Buffer 1 of a
/// mini-block page, the chunks, is cut at chunks instead: a unit is closed by the chunk that brings it to 4 KiB. An empty
/// buffer has no unit.
///
/// Reader: a buffer without the magic, or of another version, says nothing about the file, unless the file's end is sealed
/// (file_footer.h): then there must be checksums. A magic with some bytes changed is corrupt. A unit whose sum differs is corrupt.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"
#include "eider/file/file_reader.h"
#include "eider/file/file_tail.h"
#include "eider/page/encoded_page.h"
#include "eider/page/page_statistics.h"

namespace eider::file {

constexpr uint64_t kSumBlockBytes = 64 << 10;
constexpr uint64_t kSumRunBytes = 4 << 10;

enum class SumKind : uint8_t { kPlain = 0, kMiniBlockU16 = 1, kMiniBlockU32 = 2, kFullZip = 3 };  // persisted, never renumber

/// The ends of the units of a chunk buffer, in bytes, and the chunks before each end.
struct ChunkUnits {
  std::vector<uint64_t> ends;
  std::vector<uint32_t> chunk_ends;
};
/// `words` is the chunk table. Chunks beyond `chunk_bytes` are corrupt.
ChunkUnits CutChunks(ByteSpan words, SumKind kind, uint64_t chunk_bytes);

/// The sums and statistics of one page.
struct PageSums {
  SumKind kind = SumKind::kPlain;
  uint64_t first_sum = 0, num_sums = 0;  ///< of the file's sums
  page::PageStatistics statistics;
};

/// Collects the sums of a file being written.
class SumWriter {
 public:
  explicit SumWriter(size_t num_columns) : columns_(num_columns) {}
  /// The sums of a page's units, in the order of the file. Thread-safe.
  static std::vector<uint32_t> Sum(const page::EncodedPage& page);
  static SumKind KindOf(const page::EncodedPage& page);
  void AddPage(size_t column, const page::EncodedPage& page, std::span<const uint32_t> sums);
  /// The whole buffer. `global_sums` are those of the buffers before it, the schema first.
  BufferBuilder Serialize(FileVersion version, std::span<const std::string> column_metadata, std::span<const uint32_t> global_sums,
                          bool has_blob_sums) const;

 private:
  struct Column {
    uint64_t num_pages = 0;
    BufferBuilder pages;
    std::vector<uint32_t> sums;
  };
  std::vector<Column> columns_;
};

class FileSums;

/// One column's record.
struct ColumnSums {
  const FileSums* file = nullptr;  ///< null: nothing is known
  std::vector<PageSums> pages;
};

/// The sums of a file being read. Immutable. Like all of a file's state it does not keep the mapping: sums are looked up in the
/// file, or, where that is not mapped, in a copy.
class FileSums {
 public:
  /// Not present() when the last global buffer is no such buffer, or one of an unknown version.
  /// \throws Error(kCorrupt) when it is damaged or belongs to another file.
  FileSums(const io::ReadableFile& file, const FileTail& tail, ScanStats* stats);

  bool present() const { return sums_begin_ > 0; }
  void CheckGlobalBuffer(size_t index, ByteSpan bytes) const;
  /// Where the sums of blobs are. \throws Error(kCorrupt)
  std::optional<ByteRange> BlobSumsRange(const FileTail& tail) const;
  /// The record of a column whose metadata is `metadata`, which is checked.
  ColumnSums Column(const io::ReadableFile& file, size_t index, ByteSpan metadata) const;
  /// `count` sums from `first`, in the mapping of the file or in what is kept here.
  Buffer Sums(const io::ReadableFile& file, uint64_t first, uint64_t count) const;
  uint64_t num_bytes() const { return range_.length; }
  uint64_t kept_bytes() const { return sizeof *this + copy_.size() + header_.size(); }

 private:
  Buffer Bytes(const io::ReadableFile& file, uint64_t offset, uint64_t length) const;
  /// False when the file has no checksums of this layout.
  bool FindHeader(const io::ReadableFile& file, const FileTail& tail, ScanStats* stats);
  void CheckHeader(const FileTail& tail);

  ByteRange range_;                ///< of the file
  Buffer copy_;                    ///< of all, where the file is not mapped
  Buffer header_;                  ///< owned
  uint64_t table_begin_ = 0;       ///< within range_
  uint64_t sums_begin_ = 0;    ///< where the sums start; 0: not present
};

}  // namespace eider::file
