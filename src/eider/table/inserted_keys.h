#pragma once
/// \file
/// The keys of the rows that a merge inserts, as its transaction tells them to later ones: two that insert the same key must not both
/// succeed.
///
///     Bloom filter    for the table's primary key, as the reference writes it: 1024 blocks of eight words, a bit of each word for a key
///     hashes          for other keys: xxHash64 of the key's bytes (array/row_keys.h)
///     neither         there are too many: any key

#include <eider/array.h>
#include <eider/schema.h>

#include <span>
#include <vector>

#include "eider/table/manifest.h"

namespace eider::table {

class InsertedKeys {
 public:
  /// `fields`: the key columns.
  InsertedKeys(const std::vector<const LanceField*>& fields, bool are_primary_key);
  /// Rows with a null in the key are none.
  void Add(std::span<const ArrayPtr> columns, int64_t num_rows);
  void FillIn(TransactionProto::KeyFilter* filter) const;

 private:
  void AddToBloom(ByteSpan key);

  std::vector<int32_t> field_ids_;
  std::vector<uint32_t> bloom_;  ///< empty: hashes are kept
  std::vector<uint64_t> hashes_;
  bool too_many_ = false;
};

/// True of a merge that inserted nothing.
bool NamesNoKey(const TransactionProto::KeyFilter& filter);
/// False when no key can be in both. Filters of different columns or forms may share any.
bool MayShareKeys(const TransactionProto::KeyFilter& a, const TransactionProto::KeyFilter& b);

}  // namespace eider::table
