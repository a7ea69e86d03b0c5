#pragma once
/// \file
/// Reads one fragment: its data files, opened when first touched, its deletions and its row ids. Thread-safe.

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "eider/base/fork_safe_mutex.h"
#include "eider/file/field_take.h"
#include "eider/file/file_reader.h"
#include "eider/query/blob_places.h"
#include "eider/query/read_plan.h"
#include "eider/rows/deletion_vector.h"
#include "eider/rows/row_id_sequence.h"
#include "eider/rows/row_versions.h"
#include "eider/table/snapshot.h"

namespace eider::query {

class FragmentReader {
 public:
  /// `snapshot` outlives the reader.
  FragmentReader(const table::Snapshot& snapshot, size_t index);

  uint64_t id() const { return fragment_.id(); }
  size_t index() const { return index_; }
  /// Deleted rows included.
  uint64_t physical_rows(const file::ReadContext& context) const;
  uint64_t live_rows(const file::ReadContext& context) const;
  /// Null when no row is deleted.
  const rows::DeletionVector* deletions(const file::ReadContext& context) const;
  /// Adds what the fragment's columns take to `sizes`, by field id.
  void AddFieldSizes(const file::ReadContext& context, std::map<int32_t, FieldSize>& sizes) const;

  /// What the file that holds leaf `field_id` of plan.projected() says of it, by page; empty when it says nothing.
  std::vector<file::PageFacts> Facts(const ReadPlan& plan, int32_t field_id, const file::ReadContext& context) const;

  /// Live rows [first, first + count), one array per field of plan.projected(); of those that are `wanted` (all when it is empty), the
  /// others stay null.
  std::vector<ArrayPtr> ReadLive(const ReadPlan& plan, uint64_t first, uint64_t count, const std::vector<bool>& wanted,
                                 const file::ReadContext& context) const;
  /// The same, where deleted rows count.
  std::vector<ArrayPtr> ReadPhysical(const ReadPlan& plan, uint64_t first, uint64_t count, const std::vector<bool>& wanted,
                                     const file::ReadContext& context) const;
  /// Stored bytes per row of each field of plan.projected().
  std::vector<uint64_t> StoredBytesPerRow(const ReadPlan& plan, const file::ReadContext& context) const;
  /// About what pages of the plan's columns hold that each read reads anew, such as dictionaries that are too large to keep.
  uint64_t UnkeptStateBytes(const ReadPlan& plan, const file::ReadContext& context) const;
  /// Physical rows, order and duplicates kept, of the fields that are `wanted`; the others stay null.
  std::vector<ArrayPtr> Take(const ReadPlan& plan, std::span<const uint64_t> physical, const std::vector<bool>& wanted,
                             const file::ReadContext& context) const;
  /// Adds physical rows to a take by address of field `output` of plan.projected(): as FieldTake::Add.
  bool AddTo(file::FieldTake& take, const ReadPlan& plan, size_t output, std::span<const uint64_t> physical,
             std::span<const uint32_t> slots, const file::ReadContext& context) const;
  /// Blobs of the one column of `plan` at physical offsets.
  std::vector<BlobPlace> PlaceBlobs(const ReadPlan& plan, std::span<const uint64_t> physical, const file::ReadContext& context) const;
  /// Of the physical rows. \pre the table has stable row ids.
  const rows::RowIdSequence& StableRowIds() const;
  /// The physical offsets of live positions.
  void PhysicalOffsets(std::span<const uint64_t> positions, std::span<uint64_t> out, const file::ReadContext& context) const;
  /// Row ids of physical offsets: stable ids where the table has them, else addresses.
  void RowIds(std::span<const uint64_t> physical, uint64_t* out) const;
  /// Versions that created (kCreatedAt) or last updated (kLastUpdatedAt) physical rows; 1 where the table does not keep them.
  void VersionsOfRows(SystemColumn which, std::span<const uint64_t> physical, uint64_t* out) const;

 private:
  const BlobFiles& Blobs(int file_index, const file::ReadContext& context) const;
  const rows::RowVersions& Versions(SystemColumn which) const;
  const file::FileReader& OpenFile(int file_index, const file::ReadContext& context) const;
  file::LegacyTable LegacyTableOf(const table::DataFileProto& file) const;
  ArrayPtr JoinParts(const ReadPlan& plan, size_t output, const ArrayPtr& known, const ArrayPtr& part, int file_index) const;
  template <typename Read>
  std::vector<ArrayPtr> ReadFiles(const ReadPlan& plan, int64_t num_rows, const std::vector<bool>& wanted,
                                  const file::ReadContext& context, const Read& read) const;

  const table::Snapshot& snapshot_;
  const size_t index_;
  const table::Fragment& fragment_;
  mutable ForkSafeMutex mutex_;
  mutable std::vector<std::shared_ptr<const file::FileReader>> owned_files_;
  mutable std::unique_ptr<std::atomic<const file::FileReader*>[]> files_;
  mutable std::vector<std::unique_ptr<const BlobFiles>> blobs_;  // per file
  mutable std::atomic<uint64_t> physical_rows_{0};
  mutable std::atomic<bool> deletions_loaded_{false};
  mutable rows::DeletionVectorPtr deletions_;
  mutable std::once_flag row_ids_once_;
  mutable rows::RowIdSequence row_ids_;
  mutable std::array<std::once_flag, 2> versions_once_;
  mutable std::array<rows::RowVersions, 2> versions_;  ///< created at, last updated at
};

}  // namespace eider::query
