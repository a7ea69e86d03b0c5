#pragma once
/// \file
/// Changes of what describes a table: its columns, and the key-value maps of table, schema and fields.

#include <eider/array.h>

#include <map>
#include <optional>
#include <string>

namespace eider {

/// What is unset stays as it is.
struct ColumnAlteration {
  std::string path;                 ///< of the column or of a field of a struct
  std::optional<std::string> name;  ///< of the last segment of the path
  std::optional<bool> nullable;     ///< false: refused when a value is null
  TypePtr type;                     ///< to cast to: the values are written anew
};

/// Keys to set, and to remove where the value is unset.
struct MapUpdate {
  std::map<std::string, std::optional<std::string>> entries;
  bool replace = false;  ///< keys that are not named go
};

struct ConfigUpdate {
  std::optional<MapUpdate> config, table_metadata, schema_metadata;
  std::map<std::string, MapUpdate> field_metadata;  ///< by path
};

}  // namespace eider
