#include "eider/query/sort_record.h"

#include <algorithm>
#include <cstring>

#include "eider/query/sort_column.h"

namespace eider::query {

bool SortRecord::operator<(const SortRecord& other) const {
  if (rank != other.rank) return rank < other.rank;
  if (word != other.word) return word < other.word;
  // Keys have no other as their beginning.
  const int order = key.empty() ? 0 : std::memcmp(key.data(), other.key.data(), std::min(key.size(), other.key.size()));
  return order != 0 ? order < 0 : position < other.position;
}

SortRecord ReadRecord(const uint8_t* at) {
  SortRecord record;
  const auto bytes = LoadLe<uint32_t>(at + 8);
  const uint8_t* key = at + SortRecord::kHeaderBytes;
  record.position = LoadLe<uint64_t>(at);
  record.rank = key[0];
  record.word = LoadBigEndian(key + 1);
  if (bytes == 0) return record;
  record.key = {key, bytes};
  record.word &= TopBytes(bytes - 1);
  return record;
}

size_t StoredRecordBytes(const uint8_t* header) {
  const auto bytes = LoadLe<uint32_t>(header + 8);
  return SortRecord::kHeaderBytes + (bytes == 0 ? SortRecord::kShortBytes : bytes);
}

void AppendRecord(const SortRecord& record, BufferBuilder& out) {
  out.AppendValue(record.position);
  out.AppendValue(static_cast<uint32_t>(record.key.size()));
  out.Append(record.key);
  if (!record.key.empty()) return;
  out.AppendValue(record.rank);
  out.AppendValue(__builtin_bswap64(record.word));
}

SortBound::SortBound(const SortRecord& record) : key_(record.key.begin(), record.key.end()), record_(record) {
  record_.key = ByteSpan(key_);
}

}  // namespace eider::query
