#pragma once
/// \file
/// Columns of the file versions before 2.1, which store a field as an array cut into pages: every list has a column of its
/// own beside that of its items. One interface over both versions, for field_read.h.

#include <memory>
#include <vector>

#include "eider/page/array_read.h"

namespace eider::file {

class StoredColumn {
 public:
  virtual ~StoredColumn() = default;
  size_t num_pages() const { return first_rows_.size() - 1; }
  uint64_t num_rows() const { return first_rows_.back(); }
  uint64_t first_row(size_t page) const { return first_rows_[page]; }
  /// The page that holds `row` < num_rows().
  size_t FindPage(uint64_t row) const;
  /// A page of lists: the item column's row at which its items start.
  uint64_t first_item(size_t page) const { return first_items_[page]; }
  /// True when the pages hold lists.
  bool holds_lists() const { return holds_lists_; }

  /// Rows of a page, counted in the page. \throws Error(kCorrupt), Error(kUnsupported)
  virtual page::ArrayReadPtr ReadValues(size_t page, const TypePtr& type, page::RowRanges rows) const = 0;
  virtual std::unique_ptr<page::ListRead> ReadLists(size_t page, const DataType& type, page::RowRanges rows) const = 0;
  /// For `inspect`.
  virtual std::string DescribePage(size_t page) const = 0;
  virtual std::span<const ByteRange> page_buffers(size_t page) const = 0;

 protected:
  std::vector<uint64_t> first_rows_{0};
  std::vector<uint64_t> first_items_{0};
  bool holds_lists_ = false;
};

class StoredColumns {
 public:
  virtual ~StoredColumns() = default;
  /// Thread-safe. `index`: the number by which projections call the column. \throws Error(kCorrupt)
  virtual const StoredColumn& Column(int32_t index) const = 0;
};

}  // namespace eider::file
