#pragma once
/// \file
/// From the descriptors of a blob column to files and ranges, and to the bytes.

#include <eider/array.h>
#include <eider/stats.h>

#include <map>
#include <string>
#include <vector>

#include "eider/base/fork_safe_mutex.h"
#include "eider/file/blob_sums.h"
#include "eider/io/store.h"
#include "eider/proto/table.pb.h"
#include "eider/schema/blob_columns.h"
#include "eider/table/snapshot.h"

namespace eider::query {

/// The column that blobs are of.
struct BlobColumn {
  std::string name;                            ///< for messages
  std::shared_ptr<const file::BlobSums> sums;  ///< null: nothing is checked
};

/// Where the bytes of one blob lie. No file: the blob is null.
struct BlobPlace {
  io::ReadableFilePtr file;
  ByteRange range;
  uint32_t side_car = 0;  ///< that `file` is; 0: the data file, or an object elsewhere
  std::shared_ptr<const BlobColumn> column = {};
};

/// The files that the blobs of one data file lie in, opened when first touched. Thread-safe.
class BlobFiles {
 public:
  /// `sums` are those of the data file, if any.
  BlobFiles(const table::Snapshot& snapshot, const table::DataFileProto& data_file, std::shared_ptr<const file::BlobSums> sums)
      : snapshot_(snapshot), data_file_(data_file), sums_(std::move(sums)) {}

  /// One place per row of an array of descriptors of the column. \throws Error(kCorrupt) for a descriptor that leaves its file.
  std::vector<BlobPlace> Places(const Array& descriptors, const std::string& column) const;
  /// The array with descriptors replaced by bytes: `field` is described (DescribeBlobs).
  ArrayPtr Materialize(const ArrayPtr& array, const LanceField& field, ScanStats* stats) const;

 private:
  io::ReadableFilePtr Open(BlobKind kind, uint32_t blob_id, const std::string& uri) const;
  BlobPlace Place(BlobKind kind, ByteRange range, uint32_t blob_id, const std::string& uri,
                  const std::shared_ptr<const BlobColumn>& column) const;

  const table::Snapshot snapshot_;
  const table::DataFileProto data_file_;
  const std::shared_ptr<const file::BlobSums> sums_;
  mutable ForkSafeMutex mutex_;
  mutable std::map<std::pair<uint32_t, std::string>, io::ReadableFilePtr> open_;  // side-car ids; base ids and URIs; 0 and "": the data file
};

/// As BlobFiles::Materialize where all blobs are of form v1 and lie in `file`.
ArrayPtr MaterializeBlobs(const ArrayPtr& array, const LanceField& field, const io::ReadableFilePtr& file,
                          const std::shared_ptr<const file::BlobSums>& sums, ScanStats* stats);

/// The bytes of all places, in their order: neighbours are read together. Absent for nulls, views where files are mapped.
/// \throws Error(kCorrupt) naming column, file and block where what was read is not what was written.
std::vector<Buffer> ReadBlobs(std::span<const BlobPlace> places, ScanStats* stats);
/// Bytes [offset, +length) of the blob at `place`, checked as far as they are whole blocks.
Buffer ReadBlobPart(const BlobPlace& place, uint64_t offset, uint64_t length, ScanStats* stats);

}  // namespace eider::query
