#include "eider/page/row_index.h"

#include <algorithm>

namespace eider::page {

RowIndex::RowIndex(std::vector<uint32_t> starts) : starts_(std::move(starts)) {
  const uint64_t chunks = num_chunks();
  const uint64_t rows = total();
  while ((rows >> shift_) > 2 * chunks + 16) ++shift_;
  const uint64_t buckets = (rows >> shift_) + 2;
  table_.resize(buckets);
  size_t chunk = 0;
  for (uint64_t b = 0; b < buckets; ++b) {
    const uint64_t row = b << shift_;
    while (chunk + 1 < chunks && starts_[chunk + 1] <= row) ++chunk;
    table_[b] = static_cast<uint32_t>(chunk);
  }
}

}  // namespace eider::page
