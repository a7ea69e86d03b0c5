#include "eider/file/stored_column.h"

#include <algorithm>

namespace eider::file {

size_t StoredColumn::FindPage(uint64_t row) const {
  return static_cast<size_t>(std::upper_bound(first_rows_.begin(), first_rows_.end(), row) - first_rows_.begin()) - 1;
}

page::ArrayReadPtr StoredColumn::ReadKeys(size_t page, const TypePtr& type, page::RowRanges rows, ArrayPtr) const {
  return ReadValues(page, type, std::move(rows));
}

}  // namespace eider::file
