#include "eider/mutate/metadata.h"

#include "eider/base/error.h"
#include "eider/mutate/data_places.h"
#include "eider/mutate/maintain.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/write.h"

namespace eider::mutate {
namespace {

using UpdateMapProto = table::TransactionProto::UpdateMap;

void Fill(const MapUpdate& update, UpdateMapProto* proto) {
  proto->set_replace(update.replace);
  for (const auto& [key, value] : update.entries) {
    if (update.replace && !value) continue;
    auto* entry = proto->add_entries();
    entry->set_key(key);
    if (value) entry->set_value(*value);
  }
}

table::Snapshot UpdateOnce(const table::Snapshot& read, const ConfigUpdate& update, bool sync) {
  table::TransactionProto transaction = table::NewTransaction(read.version());
  auto& config = *transaction.mutable_update_config();
  if (update.config) {
    for (const auto& [key, value] : update.config->entries) {
      if (value) CheckMaintenanceEntry(key, *value);
    }
    Fill(*update.config, config.mutable_config_updates());
  }
  if (update.table_metadata) Fill(*update.table_metadata, config.mutable_table_metadata_updates());
  if (update.schema_metadata) Fill(*update.schema_metadata, config.mutable_schema_metadata_updates());
  const LanceSchema& schema = read.manifest->schema();
  for (const auto& [path, map] : update.field_metadata) {
    const LanceField* field = schema.FindPath(path);
    if (field == nullptr) throw NotFound("metadata of a field: {}", NoColumn(path, schema.Names()));
    Fill(map, &(*config.mutable_field_metadata_updates())[field->id]);
  }
  return table::Commit(read, std::move(transaction), {.sync = sync});
}

}  // namespace

table::Snapshot UpdateConfig(const table::Snapshot& read, const ConfigUpdate& update, const ColumnOptions& options) {
  const bool sync = SyncsFor(options.durability);
  return RunWithRetries(read, {}, [&](const table::Snapshot& now) { return UpdateOnce(now, update, sync); });
}

table::Snapshot AddBases(const table::Snapshot& read, const std::vector<BasePath>& bases, const std::map<std::string, std::string>& properties,
                         const ColumnOptions& options) {
  table::TransactionProto transaction = table::NewTransaction(read.version());
  for (const auto& [key, value] : properties) (*transaction.mutable_transaction_properties())[key] = value;
  transaction.mutable_update_bases();  // even of none: a version, as in the reference
  for (::lance::table::BasePath& base : NewBases(*read.store, bases)) {
    base.clear_id();  // given at the commit
    *transaction.mutable_update_bases()->add_new_bases() = std::move(base);
  }
  return table::Commit(read, std::move(transaction), {.sync = SyncsFor(options.durability)});
}

}  // namespace eider::mutate
