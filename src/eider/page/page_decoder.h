#pragma once
/// \file
/// Decoders want, drivers fetch. A PageDecoder is built once per page from its layout; a PageRead is one selection of its
/// rows: it names the byte ranges that it wants, is fed their bytes, may want more, and finally appends to a LeafOutput.
///
///     while (read wants something) read.Feed(fetch(wants));     at most two rounds: page state or row offsets, then data
///     read.Decode(output);
///
/// No I/O and no threads here. Decoders are immutable but for page state (chunk table, repetition index, dictionary), which
/// is loaded by the first read that needs it and shared from then on; concurrent reads are safe.

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/page/leaf.h"

namespace eider::page {

/// Which rows of a page, in the order wanted: a range, or a list with duplicates allowed.
struct RowSelection {
  uint64_t first = 0, count = 0;       ///< the range, when `rows` is null
  const uint64_t* rows = nullptr;      ///< `count` rows, each minus `base` is a row of the page
  uint64_t base = 0;

  bool is_range() const { return rows == nullptr; }
  uint64_t Row(uint64_t i) const { return rows ? rows[i] - base : first + i; }
};

class PageRead {
 public:
  virtual ~PageRead() = default;
  /// Appends the next ranges (of the file) to `wants`; appends nothing when the read is ready to decode.
  virtual void Want(std::vector<ByteRange>& wants) = 0;
  /// The bytes of the ranges of the last Want, in order. They and the array `bytes` stay valid until the read is destroyed.
  virtual void Feed(std::span<const ByteSpan> bytes) = 0;
  /// What the reads decoded after this one were fed: worth prefetching. Valid as those of Feed.
  virtual void LookAhead(std::span<const ByteSpan> following) {}
  /// True when Decode leaves the levels in out.pending, to be unravelled with those of the next page; FlushLists ends that.
  virtual bool DefersLevels() const { return false; }
  /// Appends the rows to `out`. \throws Error(kCorrupt)
  virtual void Decode(LeafOutput& out) = 0;
};

class PageDecoder {
 public:
  virtual ~PageDecoder() = default;
  uint64_t num_rows() const { return num_rows_; }
  /// `selection` lies within num_rows(); its `rows` outlive the read.
  virtual std::unique_ptr<PageRead> Read(const RowSelection& selection) const = 0;
  /// About what page state takes, or will take once it is loaded.
  virtual uint64_t state_bytes() const { return 0; }
  /// Touches nothing: asks for what a read will look at first. Twice: for page state, then for what that leads to.
  virtual void Prefetch(int step) const {}
  /// True when rows may be read in any order at no more than the cost of a sorted read.
  virtual bool ReadsAnyOrder() const { return true; }
  /// True when its rows may be added to a RowTake: a MiniBlockDecoder that has its state.
  virtual bool TakesByAddress() const { return false; }
  /// True when one value of a chunk takes all bytes of the chunk.
  virtual bool ReadsWholeChunks() const { return false; }

 protected:
  explicit PageDecoder(uint64_t num_rows) : num_rows_(num_rows) {}

 private:
  const uint64_t num_rows_;
};

/// Where a page lies and what it claims.
struct PageSource {
  std::vector<ByteRange> buffers;  ///< of the file, within its bounds
  uint64_t num_rows = 0;
  std::string_view layout;         ///< serialized lance.encodings21.PageLayout
  uint16_t version_minor = 2;      ///< 1: 2.1, 2: 2.2; translated pages of 2.3 too
};

/// \throws Error(kCorrupt) for a layout that the reference refuses, or whose counts disagree; Error(kUnsupported) naming a
/// layout or encoding that is not read.
std::unique_ptr<PageDecoder> MakePageDecoder(const PageSource& source, std::shared_ptr<const LeafSpec> leaf);

/// The layout as one line, for `inspect`: "mini-block(inline_bitpacking(32)), layers [nullable item]".
std::string DescribeLayout(std::string_view layout);

}  // namespace eider::page
