#pragma once
/// \file
/// The key columns of a merge.

#include <eider/schema.h>

#include <string>
#include <vector>

namespace eider::mutate {

using KeyColumns = std::vector<const LanceField*>;

/// By position in the key; columns without one stay in the order of the table.
KeyColumns PrimaryKey(const LanceSchema& schema);
/// The columns `on`, each once; without any, the primary key. `operation` is who asks. \throws Error(kNotFound, kInvalid), Error(kUnsupported) for blobs and JSON
KeyColumns KeyFields(const LanceSchema& schema, const std::vector<std::string>& on, const char* operation = "merge_insert");
/// Paths of the key columns, which the source must have in the table's types.
std::vector<std::string> KeyPaths(const KeyColumns& keys, const Schema& source);

}  // namespace eider::mutate
