#pragma once
/// \file
/// Verifies what is read of one page against its checksums (checksums.h says what a unit is).
///
///     range reads    every unit that they touch, once per open file where it is mapped: the first touch pays
///     takes          what they read whole: page state, and units that lie within one range that they asked for. Never reads
///                    for it what the take does not read anyway.
///
/// Thread-safe.

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "eider/file/checksums.h"
#include "eider/io/store.h"
#include "eider/page/page_decoder.h"

namespace eider::file {

class PageVerifier {
 public:
  /// `source` and `sums` outlive this. \throws Error(kCorrupt) when there are not as many sums as units can be.
  PageVerifier(const page::PageSource& source, const PageSums& page, const FileSums& sums);

  uint64_t kept_bytes() const { return sizeof *this + page_.num_sums * 13; }
  /// The page's bulk is verified when it is decoded, everything else before it is fed to the page, which keeps what it reads.
  bool IsBulk(ByteRange range) const;
  /// Bytes at `range` of the file have been fetched. \throws Error(kCorrupt) naming chunks or blocks.
  void Verify(const io::ReadableFile& file, ByteSpan mapping, ByteRange range, ByteSpan bytes, bool is_take) const;

 private:
  struct Buffer {
    ByteRange range;
    uint64_t first_unit = 0;
    uint64_t num_units = 0;  ///< of a chunk buffer known when it is cut
  };
  bool HasChunks() const { return page_.kind == SumKind::kMiniBlockU16 || page_.kind == SumKind::kMiniBlockU32; }
  bool IsChunks(size_t buffer) const { return buffer == 1 && HasChunks(); }
  size_t FindBuffer(uint64_t offset) const;
  uint64_t UnitAt(size_t buffer, uint64_t at) const;
  ByteRange UnitRange(size_t buffer, uint64_t unit) const;
  void CutChunkBuffer(const io::ReadableFile& file, ByteSpan mapping) const;
  void CheckUnit(const io::ReadableFile& file, size_t buffer, uint64_t unit, ByteSpan bytes) const;

  const PageSums& page_;
  const FileSums& sums_;
  std::vector<Buffer> buffers_;
  std::unique_ptr<std::atomic<uint64_t>[]> verified_;  ///< one bit per unit, for mapped files
  mutable std::once_flag cut_;
  mutable ChunkUnits chunks_;
};

}  // namespace eider::file
