#pragma once
/// \file
/// One fragment of a manifest: a set of rows, and the data files that hold its columns.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/proto/table.pb.h"

namespace eider::table {

using DataFragmentProto = ::lance::table::DataFragment;
using DataFileProto = ::lance::table::DataFile;

/// In a data file's list of fields: the column is no longer valid.
inline constexpr int32_t kTombstone = -2;

/// Immutable view over the message, which keeps the fields that this version does not know.
class Fragment {
 public:
  explicit Fragment(DataFragmentProto proto) : proto_(std::move(proto)) {}
  /// Without `trusts_counts` the recorded numbers of rows are forgotten. \throws Error(kCorrupt)
  static Fragment Parse(ByteSpan bytes, bool trusts_counts = true);

  const DataFragmentProto& proto() const { return proto_; }
  uint64_t id() const { return proto_.id(); }
  /// Deleted rows included; 0: not recorded (very old writers), ask the data file.
  uint64_t physical_rows() const { return proto_.physical_rows(); }
  bool has_deletions() const { return proto_.has_deletion_file(); }
  /// 0 with has_deletions(): not recorded, ask the deletion file.
  uint64_t num_deleted_rows() const { return proto_.deletion_file().num_deleted_rows(); }
  bool has_overlays() const { return proto_.overlays_size() > 0; }

  /// Where the live copy of a field is: index into files(), and the column in that file (-1: none of its own).
  struct FieldLocation {
    int file = 0;
    int32_t column = 0;
  };
  /// nullopt: no file has it, so the column reads as null.
  std::optional<FieldLocation> FindField(int32_t field_id) const;

  int num_files() const { return proto_.files_size(); }
  const DataFileProto& file(int i) const { return proto_.files(i); }

 private:
  DataFragmentProto proto_;
};

/// True when the columns of both lie in the same files.
bool SameFiles(const DataFragmentProto& a, const DataFragmentProto& b);
/// "_deletions/{fragment}-{read version}-{id}.arrow" or ".bin".
std::string DeletionFileName(uint64_t fragment_id, const ::lance::table::DeletionFile& file);
/// A fresh name for a data file: 24 random bits as binary digits, then 104 random bits as hex, then ".lance".
std::string NewDataFileName();
/// A random id for a deletion file.
uint64_t NewDeletionFileId();
/// A random version-4 UUID.
std::string NewUuid();

}  // namespace eider::table
