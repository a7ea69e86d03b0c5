#include "eider/query/read_plan.h"

#include <algorithm>

#include "eider/array/struct_child.h"
#include "eider/base/error.h"

namespace eider::query {
namespace {

std::optional<SystemColumn> FindSystemColumn(std::string_view name) {
  if (name == "_rowid") return SystemColumn::kRowId;
  if (name == "_rowaddr") return SystemColumn::kRowAddress;
  if (name == "_rowoffset") return SystemColumn::kRowOffset;
  if (name == "_row_created_at_version" || name == "_row_last_updated_at_version") {
    throw Unsupported("system column '{}'", name);
  }
  return std::nullopt;
}

// The fields from the top-level one down to `id`.
std::vector<const LanceField*> Trail(const LanceSchema& schema, int32_t id) {
  std::vector<const LanceField*> trail;
  auto search = [&](auto&& self, const std::vector<LanceField>& fields) -> bool {
    for (const LanceField& field : fields) {
      trail.push_back(&field);
      if (field.id == id || self(self, field.children)) return true;
      trail.pop_back();
    }
    return false;
  };
  search(search, schema.fields);
  return trail;
}

const char* SystemColumnName(SystemColumn column) {
  switch (column) {
    case SystemColumn::kRowId: return "_rowid";
    case SystemColumn::kRowAddress: return "_rowaddr";
    case SystemColumn::kRowOffset: return "_rowoffset";
  }
  return "";
}

}  // namespace

ReadPlan::ReadPlan(table::ManifestPtr manifest, const std::optional<std::vector<std::string>>& columns, bool with_row_id,
                   bool with_row_address)
    : manifest_(std::move(manifest)), fragments_(new std::atomic<const FragmentProjection*>[manifest_->num_fragments()]()) {
  const LanceSchema& full = manifest_->schema();
  if (columns) {
    AddColumns(*columns);
  } else {
    projected_ = full;
    for (size_t i = 0; i < full.fields.size(); ++i) {
      outputs_.push_back({.field = static_cast<int>(i)});
      names_.push_back(full.fields[i].name);
    }
  }
  if (with_row_id) AddSystemColumn(SystemColumn::kRowId);
  if (with_row_address) AddSystemColumn(SystemColumn::kRowAddress);
  is_identity_ = outputs_.size() == projected_.fields.size();
  for (size_t i = 0; i < outputs_.size() && is_identity_; ++i) {
    is_identity_ = outputs_[i].field == static_cast<int>(i) && outputs_[i].children.empty();
  }
  schema_ = OutputSchema();
}

// A path through structs answers with the child as a column named by the path, as the reference does.
void ReadPlan::AddColumns(const std::vector<std::string>& columns) {
  const LanceSchema& full = manifest_->schema();
  std::vector<std::string> paths;
  for (const std::string& name : columns) {
    if (full.FindPath(name) || !FindSystemColumn(name)) paths.push_back(name);
  }
  projected_ = Project(full, paths);
  for (const std::string& name : columns) {
    const LanceField* field = full.FindPath(name);
    if (!field) {
      AddSystemColumn(*FindSystemColumn(name));
      continue;
    }
    std::vector<const LanceField*> trail = Trail(full, field->id);
    Output output;
    for (size_t i = 0; i < projected_.fields.size(); ++i) {
      if (projected_.fields[i].id == trail[0]->id) output.field = static_cast<int>(i);
    }
    bool through_structs = true;
    for (size_t i = 0; i + 1 < trail.size(); ++i) through_structs &= trail[i]->logical_type == "struct" && !trail[i]->IsLeaf();
    if (through_structs) {
      for (size_t i = 1; i < trail.size(); ++i) output.children.push_back(trail[i]->name);
    }
    const std::string& out_name = output.children.empty() ? trail[0]->name : name;
    if (std::find(names_.begin(), names_.end(), out_name) != names_.end()) continue;
    outputs_.push_back(std::move(output));
    names_.push_back(out_name);
  }
}

SchemaPtr ReadPlan::OutputSchema() {
  const Schema arrow = ToArrowSchema(projected_);
  auto schema = std::make_shared<Schema>();
  schema->metadata = ToArrowSchema(LanceSchema{.metadata = manifest_->schema().metadata}).metadata;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    const Output& output = outputs_[i];
    if (output.field < 0) {
      schema->fields.push_back({.name = SystemColumnName(output.system), .type = MakeType(TypeId::kUInt64)});
      fixed_bytes_per_row_ += 8;
      continue;
    }
    Field field = arrow.fields[static_cast<size_t>(output.field)];
    for (const std::string& child : output.children) {
      const bool nullable = field.nullable;
      const Field inner = field.type->children[static_cast<size_t>(Schema{field.type->children, {}}.FieldIndex(child))];
      field = inner;
      field.nullable |= nullable;
    }
    field.name = names_[i];
    const uint64_t bits = FixedBitWidth(*field.type);
    fixed_bytes_per_row_ += CeilDiv(bits, 8);
    if (bits == 0 && field.type->id != TypeId::kNull) has_variable_columns_ = true;
    schema->fields.push_back(std::move(field));
  }
  return schema;
}

ArrayPtr ReadPlan::Extract(const Output& output, const std::vector<ArrayPtr>& fields) const {
  ArrayPtr array = fields[static_cast<size_t>(output.field)];
  for (const std::string& child : output.children) {
    array = StructChild(*array, static_cast<size_t>(Schema{array->type->children, {}}.FieldIndex(child)));
  }
  return array;
}

ReadPlan::~ReadPlan() {
  for (size_t i = 0; i < manifest_->num_fragments(); ++i) delete fragments_[i].load();
}

void ReadPlan::AddSystemColumn(SystemColumn column) {
  for (const Output& output : outputs_) {
    if (output.field < 0 && output.system == column) return;
  }
  outputs_.push_back({.field = -1, .system = column});
  names_.push_back(SystemColumnName(column));
  needs_addresses_ = true;
}

const FragmentProjection& ReadPlan::ForFragment(size_t index) const {
  const FragmentProjection* found = fragments_[index].load(std::memory_order_acquire);
  if (found) return *found;
  auto resolved = std::make_unique<FragmentProjection>(ResolveProjection(manifest_->fragment(index).proto(), projected_));
  if (fragments_[index].compare_exchange_strong(found, resolved.get(), std::memory_order_acq_rel)) return *resolved.release();
  return *found;
}

}  // namespace eider::query
