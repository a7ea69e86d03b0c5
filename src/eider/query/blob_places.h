#pragma once
/// \file
/// From the descriptors of a blob column to files and ranges, and to the bytes.

#include <eider/array.h>
#include <eider/stats.h>

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "eider/io/store.h"
#include "eider/proto/table.pb.h"
#include "eider/schema/blob_columns.h"
#include "eider/table/snapshot.h"

namespace eider::query {

/// Where the bytes of one blob lie. No file: the blob is null.
struct BlobPlace {
  io::ReadableFilePtr file;
  ByteRange range;
};

/// The files that the blobs of one data file lie in, opened when first touched. Thread-safe.
class BlobFiles {
 public:
  BlobFiles(const table::Snapshot& snapshot, const table::DataFileProto& data_file) : snapshot_(snapshot), data_file_(data_file) {}

  /// One place per row of an array of descriptors. \throws Error(kCorrupt) for a descriptor that leaves its file.
  std::vector<BlobPlace> Places(const Array& descriptors) const;
  /// The array with descriptors replaced by bytes: `field` is described (DescribeBlobs).
  ArrayPtr Materialize(const ArrayPtr& array, const LanceField& field, ScanStats* stats) const;

 private:
  io::ReadableFilePtr Open(BlobKind kind, uint32_t blob_id, const std::string& uri) const;
  BlobPlace Place(BlobKind kind, uint64_t position, uint64_t size, uint32_t blob_id, const std::string& uri) const;

  const table::Snapshot snapshot_;
  const table::DataFileProto data_file_;
  mutable std::mutex mutex_;
  mutable std::map<std::pair<uint32_t, std::string>, io::ReadableFilePtr> open_;  // side-car ids; base ids and URIs; 0 and "": the data file
};

/// As BlobFiles::Materialize where all blobs are of form v1 and lie in `file`.
ArrayPtr MaterializeBlobs(const ArrayPtr& array, const LanceField& field, const io::ReadableFilePtr& file, ScanStats* stats);

/// The bytes of all places, in their order: neighbours are read together. Absent for nulls, views where files are mapped.
std::vector<Buffer> ReadBlobs(std::span<const BlobPlace> places, ScanStats* stats);

}  // namespace eider::query
