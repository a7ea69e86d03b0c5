#pragma once
/// \file
/// A row to sort: its keys as bytes that memcmp orders (sort_column.h), and its position. No two are equal, so that an order does
/// not depend on who sorted what. In memory and in temporary files:
///
///     u64 position | u32 key bytes | key
///
/// A key that is no more than a rank and a number of at most 8 bytes has a length of zero; rank and word follow.

#include <memory>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"

namespace eider::query {

/// `rank` and `word` are the first 9 bytes of the key, zeros after a shorter one, which decide most comparisons.
struct SortRecord {
  uint64_t word = 0;
  uint64_t position = 0;
  ByteSpan key;  ///< empty: there is no more than rank and word
  uint8_t rank = 0;

  bool operator<(const SortRecord& other) const;
  /// Bytes of it as it is written.
  size_t StoredBytes() const { return kHeaderBytes + (key.empty() ? kShortBytes : key.size()); }

  static constexpr size_t kHeaderBytes = 12, kShortBytes = 9;
};

/// \pre all its bytes lie there, and 8 that may be read behind them
SortRecord ReadRecord(const uint8_t* at);
/// Bytes of a record whose header lies there.
size_t StoredRecordBytes(const uint8_t* header);
void AppendRecord(const SortRecord& record, BufferBuilder& out);

/// The last record of those that are wanted, by what is known so far: no later one is wanted.
class SortBound {
 public:
  explicit SortBound(const SortRecord& record);
  SortBound(const SortBound&) = delete;
  SortBound& operator=(const SortBound&) = delete;
  const SortRecord& record() const { return record_; }

 private:
  const std::vector<uint8_t> key_;
  SortRecord record_;
};
using SortBoundPtr = std::shared_ptr<const SortBound>;

}  // namespace eider::query
