#pragma once
/// \file
/// A projection made ready: the schema that a read answers with, and how each fragment yields it. Immutable, thread-safe;
/// per-fragment parts are resolved when first touched.

#include <eider/scan_options.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "eider/base/fork_safe_mutex.h"
#include "eider/base/shared_cache.h"
#include "eider/query/projection.h"
#include "eider/table/manifest.h"

namespace eider::query {

/// Columns that no file holds.
enum class SystemColumn : uint8_t { kRowId, kRowAddress, kRowOffset, kCreatedAt, kLastUpdatedAt };
/// In the order of the enumeration; all are u64 without nulls.
inline constexpr std::array<const char*, 5> kSystemColumnNames = {"_rowid", "_rowaddr", "_rowoffset", "_row_created_at_version",
                                                                  "_row_last_updated_at_version"};

class ReadPlan final : public Cacheable {
 public:
  /// `columns` may name system columns; unset: every field. \throws Error(kNotFound)
  ReadPlan(table::ManifestPtr manifest, const std::optional<std::vector<std::string>>& columns, bool with_row_id,
           bool with_row_address, BlobHandling blob_handling = BlobHandling::kDescriptions);
  ~ReadPlan() override;
  /// A guess: fields, their plans and their places in each fragment.
  uint64_t cached_bytes() const override;

  /// The fields to read, as files hold them: blobs are descriptors.
  const LanceSchema& projected() const { return projected_; }
  const SchemaPtr& schema() const { return schema_; }
  /// One entry per output column: field >= 0 is a field of projected(), field < 0 a system column.
  struct Output {
    int field = -1;
    SystemColumn system = SystemColumn::kRowId;
  };
  const std::vector<Output>& outputs() const { return outputs_; }
  /// True when the arrays of projected() are the outputs, in order.
  bool is_identity() const { return is_identity_; }
  bool needs_addresses() const { return needs_addresses_; }
  /// True when the arrays read for field `i` of projected() still have to be shown (ShowJson).
  bool has_json(size_t i) const { return has_json_[i]; }
  /// True when the descriptors read for field `i` have to be replaced by the bytes of their blobs.
  bool materializes(size_t i) const { return materializes_[i]; }
  bool has_blobs() const { return std::ranges::find(materializes_, true) != materializes_.end(); }
  const FragmentProjection& ForFragment(size_t index) const;
  /// Arrow bytes of a row where the type fixes them; variable columns count 0.
  uint64_t fixed_bytes_per_row() const { return fixed_bytes_per_row_; }
  bool has_variable_columns() const { return has_variable_columns_; }

 private:
  void AddSystemColumn(SystemColumn column);
  void AddColumns(const std::vector<std::string>& columns);
  SchemaPtr OutputSchema(BlobHandling blob_handling);
  table::ManifestPtr manifest_;
  LanceSchema projected_;
  SchemaPtr schema_;
  std::vector<Output> outputs_;
  std::vector<bool> has_json_, materializes_;
  bool is_identity_ = true;
  bool needs_addresses_ = false;
  bool has_variable_columns_ = false;
  uint64_t fixed_bytes_per_row_ = 0;
  mutable ForkSafeMutex mutex_;
  mutable std::vector<std::unique_ptr<const FragmentProjection>> resolved_;  ///< shared by fragments whose files are alike
  mutable size_t last_resolved_ = 0;  ///< a fragment that has the last of them
  mutable std::unique_ptr<std::atomic<const FragmentProjection*>[]> fragments_;
};
using ReadPlanPtr = std::shared_ptr<const ReadPlan>;

}  // namespace eider::query
