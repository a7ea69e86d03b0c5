#include "eider/table/inserted_keys.h"

#include <algorithm>
#include <unordered_set>

#include "eider/array/row_keys.h"
#include "eider/array/string_values.h"
#include "eider/array/types.h"
#include "eider/base/memory.h"
#include "eider/base/xxhash64.h"

namespace eider::table {
namespace {

/// What the reference expects of a filter, whatever it holds.
constexpr size_t kBlocks = 1024, kWordsPerBlock = 8;
constexpr uint64_t kItems = 8192;
constexpr double kProbability = 0.00057;
constexpr uint32_t kSalts[kWordsPerBlock] = {0x47b6137b, 0x44974d91, 0x8824ad5b, 0xa2b7289d, 0x705495c7, 0x2df1424b, 0x9efc4947, 0x5c6bfb31};
constexpr size_t kMostHashes = 1 << 12;  // as large as a filter

/// Types of keys that the reference puts into filters. It leaves others out, which then say nothing.
bool GoesIntoBloom(const TypeId type) {
  switch (type) {
    case TypeId::kInt32:
    case TypeId::kInt64:
    case TypeId::kUInt32:
    case TypeId::kUInt64:
    case TypeId::kUtf8:
    case TypeId::kLargeUtf8:
    case TypeId::kBinary:
    case TypeId::kLargeBinary: return true;
    default: return false;
  }
}

/// A value as the reference puts it into a filter: numbers as 8 bytes, text and binary as they are.
void AppendKey(const Array& array, int64_t row, BufferBuilder* key) {
  const uint8_t* values = array.buffers[0].data();
  const int64_t at = array.offset + row;
  switch (array.type->id) {
    case TypeId::kInt32: return key->AppendValue(int64_t{LoadLe<int32_t>(values + 4 * at)});
    case TypeId::kUInt32: return key->AppendValue(uint64_t{LoadLe<uint32_t>(values + 4 * at)});
    case TypeId::kInt64:
    case TypeId::kUInt64: return key->AppendValue(LoadLe<uint64_t>(values + 8 * at));
    default: return key->Append(StringValues(array).At(row));
  }
}

bool AnyNull(std::span<const ArrayPtr> columns, int64_t row) {
  return std::any_of(columns.begin(), columns.end(), [row](const ArrayPtr& column) { return !column->IsValid(row); });
}

bool BloomsMayShare(const TransactionProto::BloomFilter& a, const TransactionProto::BloomFilter& b) {
  constexpr size_t kBlockBytes = kWordsPerBlock * 4;
  const ByteSpan left = SpanOf(a.bitmap()), right = SpanOf(b.bitmap());
  if (left.size() != right.size() || left.size() % kBlockBytes != 0) return true;
  for (size_t block = 0; block < left.size(); block += kBlockBytes) {
    bool every_word = true;
    for (size_t word = block; word < block + kBlockBytes; word += 4) {
      every_word &= (LoadLe<uint32_t>(left.data() + word) & LoadLe<uint32_t>(right.data() + word)) != 0;
    }
    if (every_word) return true;
  }
  return false;
}

}  // namespace

InsertedKeys::InsertedKeys(const std::vector<const LanceField*>& fields, bool are_primary_key) {
  bool goes_into_bloom = are_primary_key;
  for (const LanceField* field : fields) {
    field_ids_.push_back(field->id);
    goes_into_bloom = goes_into_bloom && GoesIntoBloom(ToArrowField(*field).type->id);
  }
  if (goes_into_bloom) bloom_.resize(kBlocks * kWordsPerBlock);
}

void InsertedKeys::AddToBloom(ByteSpan key) {
  const uint64_t hash = XxHash64(key);
  uint32_t* block = bloom_.data() + ((hash >> 32) * kBlocks >> 32) * kWordsPerBlock;
  for (size_t i = 0; i < kWordsPerBlock; ++i) block[i] |= uint32_t{1} << (static_cast<uint32_t>(hash) * kSalts[i] >> 27);
}

void InsertedKeys::Add(std::span<const ArrayPtr> columns, int64_t num_rows) {
  if (too_many_) return;
  if (bloom_.empty()) {
    too_many_ = hashes_.size() + static_cast<size_t>(num_rows) > kMostHashes;
    if (too_many_) return;
    const RowKeys keys(columns, num_rows, FloatKeys::kBits);
    for (int64_t row = 0; row < num_rows; ++row) {
      if (!AnyNull(columns, row)) hashes_.push_back(XxHash64(keys.At(row)));
    }
    return;
  }
  BufferBuilder key;
  for (int64_t row = 0; row < num_rows; ++row) {
    if (AnyNull(columns, row)) continue;
    key.Clear();
    for (const ArrayPtr& column : columns) {
      AppendKey(*column, row, &key);
      if (columns.size() > 1) key.AppendValue<uint8_t>(0);
    }
    AddToBloom(key.span());
  }
}

void InsertedKeys::FillIn(TransactionProto::KeyFilter* filter) const {
  filter->mutable_field_ids()->Add(field_ids_.begin(), field_ids_.end());
  if (too_many_) return;
  if (bloom_.empty()) {
    filter->mutable_exact()->mutable_key_hashes()->Add(hashes_.begin(), hashes_.end());
    return;
  }
  BufferBuilder bitmap;
  for (const uint32_t word : bloom_) bitmap.AppendValue(word);
  filter->mutable_bloom()->set_num_bits(static_cast<uint32_t>(bitmap.size() * 8));
  filter->mutable_bloom()->set_bitmap(bitmap.data(), bitmap.size());
  filter->mutable_bloom()->set_number_of_items(kItems);
  filter->mutable_bloom()->set_probability(kProbability);
}

bool NamesNoKey(const TransactionProto::KeyFilter& filter) {
  if (filter.has_exact()) return filter.exact().key_hashes().empty();
  const std::string& bits = filter.bloom().bitmap();
  return filter.has_bloom() && std::all_of(bits.begin(), bits.end(), [](char byte) { return byte == 0; });
}

bool MayShareKeys(const TransactionProto::KeyFilter& a, const TransactionProto::KeyFilter& b) {
  if (!std::equal(a.field_ids().begin(), a.field_ids().end(), b.field_ids().begin(), b.field_ids().end())) return true;
  if (a.has_bloom() && b.has_bloom()) return BloomsMayShare(a.bloom(), b.bloom());
  if (!a.has_exact() || !b.has_exact()) return true;
  const std::unordered_set<uint64_t> known(a.exact().key_hashes().begin(), a.exact().key_hashes().end());
  return std::any_of(b.exact().key_hashes().begin(), b.exact().key_hashes().end(), [&](uint64_t hash) { return known.contains(hash); });
}

}  // namespace eider::table
