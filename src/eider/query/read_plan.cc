#include "eider/query/read_plan.h"

#include <algorithm>
#include <iterator>
#include <unordered_map>

#include "eider/base/error.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/field_path.h"
#include "eider/schema/json_columns.h"

namespace eider::query {
namespace {

std::optional<SystemColumn> FindSystemColumn(std::string_view name) {
  const auto found = std::ranges::find(kSystemColumnNames, name);
  if (found == kSystemColumnNames.end()) return std::nullopt;
  return static_cast<SystemColumn>(found - kSystemColumnNames.begin());
}

/// The same projection fits both.
bool HaveFilesAlike(const lance::table::DataFragment& a, const lance::table::DataFragment& b) {
  const auto are_equal = [](const auto& x, const auto& y) { return std::equal(x.begin(), x.end(), y.begin(), y.end()); };
  bool are_alike = a.files_size() == b.files_size();
  for (int i = 0; i < a.files_size() && are_alike; ++i) {
    const lance::table::DataFile &x = a.files(i), &y = b.files(i);
    are_alike = are_equal(x.fields(), y.fields()) && are_equal(x.column_indices(), y.column_indices()) &&
                x.file_major_version() == y.file_major_version() && x.file_minor_version() == y.file_minor_version();
  }
  return are_alike;
}

}  // namespace

ReadPlan::ReadPlan(table::ManifestPtr manifest, const std::optional<std::vector<std::string>>& columns, bool with_row_id,
                   bool with_row_address, BlobHandling blob_handling)
    : manifest_(std::move(manifest)), fragments_(new std::atomic<const FragmentProjection*>[manifest_->num_fragments()]()) {
  const LanceSchema& full = manifest_->schema();
  if (columns) {
    AddColumns(*columns);
  } else {
    projected_ = full;
    for (size_t i = 0; i < full.fields.size(); ++i) outputs_.push_back({.field = static_cast<int>(i)});
  }
  if (with_row_id) AddSystemColumn(SystemColumn::kRowId);
  if (with_row_address) AddSystemColumn(SystemColumn::kRowAddress);
  is_identity_ = outputs_.size() == projected_.fields.size();
  for (size_t i = 0; i < outputs_.size() && is_identity_; ++i) {
    is_identity_ = outputs_[i].field == static_cast<int>(i);
  }
  schema_ = OutputSchema(blob_handling);
}

// System columns stand where they are named; a nested path keeps its structs, pruned.
void ReadPlan::AddColumns(const std::vector<std::string>& columns) {
  const LanceSchema& full = manifest_->schema();
  const auto system_column = [&](const std::string& name) {
    const bool may_be = name.starts_with("_row") && full.FindPath(name) == nullptr;
    return may_be ? FindSystemColumn(name) : std::nullopt;
  };
  std::vector<std::string> paths;
  std::copy_if(columns.begin(), columns.end(), std::back_inserter(paths), [&](const std::string& name) { return !system_column(name); });
  projected_ = Project(full, paths);
  std::unordered_map<std::string_view, int> places;  // not yet taken
  for (size_t i = 0; i < projected_.fields.size(); ++i) places.try_emplace(projected_.fields[i].name, static_cast<int>(i));
  for (const std::string& name : columns) {
    if (const std::optional<SystemColumn> system = system_column(name)) {
      AddSystemColumn(*system);
      continue;
    }
    const auto place = places.find(SplitFieldPath(name)[0]);
    if (place == places.end()) continue;
    outputs_.push_back({.field = place->second});
    places.erase(place);
  }
}

SchemaPtr ReadPlan::OutputSchema(BlobHandling blob_handling) {
  LanceSchema shown = projected_;
  for (size_t i = 0; i < projected_.fields.size(); ++i) {
    LanceField& field = projected_.fields[i];
    has_json_.push_back(HasJson(field));
    materializes_.push_back(blob_handling == BlobHandling::kBinary && HasBlobs(field));
    shown.fields[i] = materializes_[i] ? MaterializeBlobs(field) : DescribeBlobs(field);
    field = DescribeBlobs(field);
  }
  const Schema arrow = ToShownSchema(shown);
  auto schema = std::make_shared<Schema>();
  schema->metadata = ToArrowSchema(LanceSchema{.metadata = manifest_->schema().metadata}).metadata;
  for (const Output& output : outputs_) {
    if (output.field < 0) {
      schema->fields.push_back({.name = kSystemColumnNames[static_cast<size_t>(output.system)], .type = MakeType(TypeId::kUInt64)});
      fixed_bytes_per_row_ += 8;
      continue;
    }
    const Field& field = arrow.fields[static_cast<size_t>(output.field)];
    const uint64_t bits = FixedBitWidth(*field.type);
    fixed_bytes_per_row_ += CeilDiv(bits, 8);
    if (bits == 0 && field.type->id != TypeId::kNull) has_variable_columns_ = true;
    schema->fields.push_back(field);
  }
  return schema;
}

ReadPlan::~ReadPlan() = default;

uint64_t ReadPlan::cached_bytes() const {
  constexpr uint64_t kFieldBytes = 2048;
  return kFieldBytes * (1 + projected_.fields.size()) * (1 + manifest_->num_fragments());
}

void ReadPlan::AddSystemColumn(SystemColumn column) {
  for (const Output& output : outputs_) {
    if (output.field < 0 && output.system == column) return;
  }
  outputs_.push_back({.field = -1, .system = column});
  needs_addresses_ = true;
}

const FragmentProjection& ReadPlan::ForFragment(size_t index) const {
  const FragmentProjection* found = fragments_[index].load(std::memory_order_acquire);
  if (found) return *found;
  std::lock_guard lock(mutex_);
  const auto& fragment = manifest_->fragment(index).proto();
  const bool is_alike = !resolved_.empty() && HaveFilesAlike(fragment, manifest_->fragment(last_resolved_).proto());
  if (!is_alike) {
    resolved_.push_back(std::make_unique<const FragmentProjection>(ResolveProjection(fragment, projected_, manifest_->schema())));
  }
  last_resolved_ = index;
  fragments_[index].store(resolved_.back().get(), std::memory_order_release);
  return *resolved_.back();
}

}  // namespace eider::query
