#pragma once
/// \file
/// Columns of the file versions before 2.1, which store a field as an array cut into pages: every list has a column of its
/// own beside that of its items. One interface over both versions, for field_read.h.

#include <eider/schema.h>

#include <memory>
#include <vector>

#include "eider/file/file_reader.h"
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
  /// Rows of a page of dictionary keys whose values lie elsewhere.
  virtual page::ArrayReadPtr ReadKeys(size_t page, const TypePtr& type, page::RowRanges rows, ArrayPtr values) const;
  virtual std::unique_ptr<page::ListRead> ReadLists(size_t page, const DataType& type, page::RowRanges rows) const = 0;
  /// True when the rows of a page are all null and take no bytes.
  virtual bool holds_nothing(size_t) const { return false; }
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
  /// Rows of the file as the columns number them.
  virtual page::RowRanges Locate(const page::RowRanges& rows) const { return rows; }
  /// True when a top-level column has as many rows as the file.
  virtual bool counts_rows() const { return true; }
  /// True when columns are called by field id (0.1), false when by their place (2.0).
  virtual bool by_field_id() const { return false; }
  /// Statistics of a leaf field that has a value for each row; empty when the file has none. They live as long as the columns.
  virtual std::vector<PageFacts> Facts(const LanceField&, ScanStats*) const { return {}; }
  /// The values of a dictionary field, where they are not in its pages; else nullptr.
  virtual ArrayPtr Dictionary(const LanceField&, const TypePtr&) const { return nullptr; }
};

}  // namespace eider::file
