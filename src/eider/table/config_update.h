#pragma once
/// \file
/// The update-config operation: keys set and removed in the four maps of a manifest.
///
///     config_updates, table_metadata_updates, schema_metadata_updates    one map each
///     field_metadata_updates                                             by id of a field, at any depth
///
/// An entry without a value removes its key. `replace` empties the map first. Two such operations from one version both stand when no
/// key of config or table metadata, no field, and the schema's metadata by one of them at most, is in both; a map that one replaces, the
/// other must leave alone.

#include "eider/table/manifest.h"

namespace eider::table {

using UpdateConfigProto = TransactionProto::UpdateConfig;

/// \throws Error(kInvalid) for a field that is not there, and for a primary key that is set already
void ApplyConfigUpdate(const UpdateConfigProto& update, ManifestProto* head);
/// True when not both stand.
bool Clash(const UpdateConfigProto& a, const UpdateConfigProto& b);
/// True when the overwrite sets a key of config that the update sets or removes.
bool Clash(const UpdateConfigProto& update, const TransactionProto::Overwrite& overwrite);
/// True when the update touches what describes columns: metadata of the schema or of fields.
bool TouchesSchema(const UpdateConfigProto& update);

}  // namespace eider::table
