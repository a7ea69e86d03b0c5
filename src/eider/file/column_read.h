#pragma once
/// \file
/// The driver of page reads: batches what all pages of all leaves want into few requests, feeds them, and decodes.

#include <eider/array.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "eider/file/column_pages.h"
#include "eider/io/store.h"
#include "eider/page/leaf.h"

namespace eider::file {

/// Rows of the file: a range, or a list.
struct FileRows {
  uint64_t first = 0, count = 0;
  const uint64_t* rows = nullptr;
  bool is_range() const { return rows == nullptr; }
};

/// One leaf to be read.
struct LeafRead {
  const ColumnPages* column = nullptr;
  std::shared_ptr<const page::LeafSpec> leaf;
  const std::string* path = nullptr;
  FileRows rows;
  std::unique_ptr<page::LeafOutput> output;  ///< filled by ReadLeaves
};

/// Reads and decodes all leaves. \throws Error naming page and column.
void ReadLeaves(const io::ReadableFile& file, std::span<LeafRead> reads, const ReadContext& context);

/// True when the rows, which are not ascending, may be read as they come: one page that finds any row at the same cost.
bool ReadsAnyOrder(const ColumnPages& column, const std::shared_ptr<const page::LeafSpec>& leaf, const std::string& path);

}  // namespace eider::file
