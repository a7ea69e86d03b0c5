#pragma once
/// \file
/// Batches in a temporary file, read back whole. Only this process reads them, so that bytes are trusted. For one thread.

#include <eider/array.h>

#include "eider/io/temporary_file.h"

namespace eider::query {

class SpilledBatches {
 public:
  explicit SpilledBatches(SchemaPtr schema);
  const SchemaPtr& schema() const { return schema_; }
  struct Place {
    uint64_t offset = 0, bytes = 0;
  };
  /// Its window alone, of dictionaries the values that are used.
  Place Append(const RecordBatch& batch);
  RecordBatch Read(const Place& place) const;

 private:
  const SchemaPtr schema_;
  io::TemporaryFile file_;
};

}  // namespace eider::query
