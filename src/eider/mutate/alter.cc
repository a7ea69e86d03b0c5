#include "eider/mutate/alter.h"

#include <algorithm>
#include <set>

#include "eider/base/error.h"
#include "eider/mutate/cast_column.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/write.h"
#include "eider/query/table_reader.h"
#include "eider/schema/field_path.h"

namespace eider::mutate {
namespace {

/// The field, and whether only structs lie above it.
std::pair<LanceField*, bool> Find(LanceSchema* schema, const std::string& path) {
  std::vector<LanceField>* fields = &schema->fields;
  LanceField* field = nullptr;
  bool in_structs = true;
  for (const std::string& segment : SplitFieldPath(path)) {
    in_structs = in_structs && (field == nullptr || field->logical_type == "struct");
    const auto found = std::ranges::find(*fields, segment, &LanceField::name);
    if (found == fields->end()) throw NotFound("altering columns: {}", NoColumn(path, schema->Names()));
    field = &*found;
    fields = &field->children;
  }
  if (field == nullptr) throw NotFound("altering columns: a path is empty");
  return {field, in_structs};
}

void RequireNames(const std::vector<LanceField>& fields, const char* what) {
  std::set<std::string_view> names;
  for (const LanceField& field : fields) {
    if (!names.insert(field.name).second) throw Invalid("altering columns: two {} named '{}'", what, field.name);
    RequireNames(field.children, "fields of a struct");
  }
}

void RequireTopNames(const LanceSchema& schema) {
  RequireNames(schema.fields, "columns");
  for (const LanceField& field : schema.fields) {
    if (field.name.empty() || field.name.find('.') != std::string::npos) {
      throw Invalid("altering columns: the name '{}' of a top-level column must not be empty and must not contain '.'", field.name);
    }
  }
}

/// A null counts where everything above it is there.
void RequireNoNulls(const query::TableReader& table, const std::string& path) {
  std::string condition, above;
  for (const std::string& segment : SplitFieldPath(path)) {
    if (!above.empty()) condition += above + " IS NOT NULL AND ";
    above += (above.empty() ? "" : ".") + QuoteSegment(segment);
  }
  const uint64_t nulls = table.CountRows({.filter = SqlExpression{.text = condition + above + " IS NULL"}});
  if (nulls > 0) throw Invalid("altering column '{}': it has {} nulls, so it must stay nullable", path, nulls);
}

/// All that a call asks for, on one version.
class Alteration {
 public:
  Alteration(const table::Snapshot& read, const ColumnOptions& options)
      : read_(read),
        options_(options),
        session_(options.session ? options.session : Session::Default()),
        table_(std::make_shared<const query::TableReader>(read, session_)),
        schema_(read.manifest->schema()),
        next_id_(NextFieldId(*read.manifest)) {}

  void Add(const ColumnAlteration& alteration) {
    const bool in_structs = Find(&schema_, alteration.path).second;
    if (alteration.type) Cast(alteration.path, alteration.type, in_structs);
    if (alteration.nullable) SetNullable(alteration.path, *alteration.nullable, in_structs);
    if (alteration.name) renames_.emplace_back(alteration.path, *alteration.name);
  }

  table::Snapshot Commit() {
    for (const CastColumn& cast : casts_) added_.fields.push_back(cast.field());
    std::vector<LanceField*> renamed;  // all are looked up before one has a new name
    for (const auto& rename : renames_) renamed.push_back(Find(&schema_, rename.first).first);
    for (size_t i = 0; i < renamed.size(); ++i) {
      renamed[i]->name = renames_[i].second;
      if (SplitFieldPath(renames_[i].first).size() == 1) RequireOwnName(renames_[i].second);
    }
    RequireTopNames(schema_);
    return casts_.empty() ? CommitProject(read_, schema_, SyncsFor(options_.durability)) : CommitCasts();
  }

 private:
  void Cast(const std::string& path, const TypePtr& type, bool in_structs) {
    if (!in_structs) throw Unsupported("altering column '{}': casts of fields below lists", path);
    CastColumn cast(read_.manifest->schema(), path, type, next_id_);
    for (const CastColumn& other : casts_) {
      if (other.field().name == cast.field().name) throw Unsupported("altering columns: two casts in column '{}' at once", cast.field().name);
    }
    LanceField* field = Find(&schema_, path).first;
    const bool nullable = field->nullable;
    *field = cast.replacement();
    field->nullable = nullable;
    next_id_ = LanceSchema{.fields = {cast.replacement()}}.MaxId() + 1;
    casts_.push_back(std::move(cast));
  }

  void SetNullable(const std::string& path, bool nullable, bool in_structs) {
    LanceField* field = Find(&schema_, path).first;
    if (nullable && field->unenforced_primary_key) throw Invalid("altering column '{}': a primary key must not be nullable", path);
    if (!nullable && field->nullable) {
      if (!in_structs) throw Unsupported("altering column '{}': forbidding nulls below lists", path);
      RequireNoNulls(*table_, path);
    }
    field->nullable = nullable;
  }

  table::Snapshot CommitCasts() {
    std::vector<ComputedColumn> wanted;
    for (const CastColumn& cast : casts_) {
      for (ComputedColumn& column : cast.Computed()) wanted.push_back(std::move(column));
    }
    const ComputedFragments computed(read_, wanted, session_);
    ColumnMerge merge(read_, added_, schema_, options_);
    computed.WriteAll(&merge, [this](const RecordBatch& batch) { return Build(batch); });
    return merge.Commit();
  }

  RecordBatch Build(const RecordBatch& computed) const {
    RecordBatch out{.num_rows = computed.num_rows};
    auto schema = std::make_shared<Schema>();
    std::span<const ArrayPtr> columns = computed.columns;
    for (const CastColumn& cast : casts_) {
      out.columns.push_back(cast.Build(columns.first(cast.num_computed())));
      columns = columns.subspan(cast.num_computed());
      schema->fields.push_back(ToArrowField(cast.field()));
    }
    out.schema = std::move(schema);
    return out;
  }

  const table::Snapshot& read_;
  const ColumnOptions& options_;
  const std::shared_ptr<Session> session_;
  const std::shared_ptr<const query::TableReader> table_;
  LanceSchema schema_, added_;
  int32_t next_id_;
  std::vector<CastColumn> casts_;
  std::vector<std::pair<std::string, std::string>> renames_;  ///< path, new name
};

}  // namespace

table::Snapshot AlterColumns(const table::Snapshot& read, const std::vector<ColumnAlteration>& alterations, const ColumnOptions& options) {
  WritableVersion(read.manifest->data_storage_version());
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) {
    Alteration alteration(now, options);
    for (const ColumnAlteration& each : alterations) alteration.Add(each);
    return alteration.Commit();
  });
}

}  // namespace eider::mutate
