#pragma once
/// \file
/// Reads of the file versions before 2.1, whose columns hold arrays rather than leaves with levels. As ever, decoders want
/// and drivers fetch; reads nest, so that a column, a struct or a list of pages is a read like any page.
///
///     while (read.Want(wants), !wants.empty()) read.Feed(fetch(wants));
///     array = read.Finish();

#include <eider/array.h>

#include <memory>
#include <span>
#include <vector>

#include "eider/base/bytes.h"

namespace eider::page {

struct RowRange {
  uint64_t first = 0, count = 0;
  uint64_t end() const { return first + count; }
};
/// Ascending, disjoint, none empty.
using RowRanges = std::vector<RowRange>;
uint64_t CountRows(const RowRanges& ranges);
/// Appends a range that starts at or after the end of the last one; joins it to that where they touch.
void AppendRange(RowRanges& ranges, RowRange range);
/// The ranges of the items of fixed-size lists.
RowRanges ScaleRanges(const RowRanges& ranges, uint64_t factor);

class ArrayRead {
 public:
  virtual ~ArrayRead() = default;
  /// Appends the next ranges of the file; appends nothing when the read can be finished.
  virtual void Want(std::vector<ByteRange>& wants) = 0;
  /// The bytes of the last Want's ranges, in order. They stay valid until the read is destroyed.
  virtual void Feed(std::span<const ByteSpan> bytes) = 0;
  /// The rows, in order. Called once. \throws Error(kCorrupt)
  virtual ArrayPtr Finish() = 0;
};
using ArrayReadPtr = std::unique_ptr<ArrayRead>;

/// The rows of lists: how many items each has and which are null, and which items those are.
struct ListRows {
  std::vector<uint64_t> lengths;
  Buffer validity;       ///< absent: no nulls
  RowRanges items;       ///< of the page
};

class ListRead {
 public:
  virtual ~ListRead() = default;
  virtual void Want(std::vector<ByteRange>& wants) = 0;
  virtual void Feed(std::span<const ByteSpan> bytes) = 0;
  virtual ListRows Finish() = 0;
};

/// Several reads that go on side by side.
template <typename Read>
class JoinedReads {
 public:
  void Add(std::unique_ptr<Read> read) { reads_.push_back(std::move(read)); }
  size_t size() const { return reads_.size(); }
  Read& operator[](size_t i) { return *reads_[i]; }

  void Want(std::vector<ByteRange>& wants) {
    counts_.clear();
    for (const auto& read : reads_) {
      const size_t before = wants.size();
      read->Want(wants);
      counts_.push_back(wants.size() - before);
    }
  }
  void Feed(std::span<const ByteSpan> bytes) {
    for (size_t i = 0; i < reads_.size(); ++i) {
      if (counts_[i] > 0) reads_[i]->Feed(bytes.first(counts_[i]));
      bytes = bytes.subspan(counts_[i]);
    }
  }

 private:
  std::vector<std::unique_ptr<Read>> reads_;
  std::vector<size_t> counts_;
};

/// Rows that are stored nowhere and read as null.
ArrayReadPtr MakeNullRead(TypePtr type, uint64_t num_rows);

}  // namespace eider::page
