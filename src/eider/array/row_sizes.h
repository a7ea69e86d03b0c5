#pragma once
/// \file
/// What single rows of columns take, so that copies of rows are cut by bytes.

#include <eider/array.h>

#include <span>
#include <vector>

namespace eider {

/// Of arrays that outlive it. Values of dictionaries, which rows share, do not count.
class RowSizes {
 public:
  explicit RowSizes(std::span<const ArrayPtr> columns);
  /// About the bytes of a row in Arrow, at least 1.
  uint64_t operator[](int64_t row) const;

 private:
  uint64_t fixed_ = 1;
  std::vector<const Array*> varying_;
};

/// Bytes of the dictionaries of a batch, which its slices share.
uint64_t DictionaryBytes(const RecordBatch& batch);
/// Bytes of a batch without them: what it takes to have fewer or more of such rows.
uint64_t BytesOfRows(const RecordBatch& batch);

/// How many of the rows that `size(i)` tells the bytes of, i < count, fit `bytes`: at least one, when there is any.
template <typename Size>
int64_t RowsThatFit(uint64_t bytes, int64_t count, const Size& size) {
  int64_t rows = 0;
  for (uint64_t used = 0; rows < count; ++rows) {
    used += size(rows);
    if (used > bytes && rows > 0) break;
  }
  return rows;
}

}  // namespace eider
