#pragma once
/// \file
/// Batches of one schema in a temporary file, one record each:
///
///     bytes of the record      u64, then the record, in units of 8 bytes
///     number of rows           u64
///     each column              length, null count; validity; buffers; children (or the number of its dictionary, which stays in memory)
///     a buffer                 its size (u64, all ones: absent), bytes, padding

#include <eider/array.h>

#include <unordered_map>
#include <vector>

#include "eider/base/memory.h"
#include "eider/io/temporary_file.h"

namespace eider::mutate {

class SpilledBatches {
 public:
  explicit SpilledBatches(SchemaPtr schema) : schema_(std::move(schema)), file_(io::SpillFolder()) {}

  /// The rows of `batch` at `rows`.
  void Append(const RecordBatch& batch, std::span<const int64_t> rows);
  uint64_t bytes() const { return file_.size(); }
  /// The record at `*offset`, which moves past it; nullopt at the end.
  std::optional<RecordBatch> Read(uint64_t* offset) const;

 private:
  void Write(const Array& array);
  void WriteBuffer(const Buffer& buffer);
  void WriteViews(const Array& array);

  const SchemaPtr schema_;
  io::TemporaryFile file_;
  BufferBuilder record_;
  std::vector<ArrayPtr> dictionaries_;
  std::unordered_map<const Array*, uint64_t> dictionary_numbers_;
};

}  // namespace eider::mutate
