#pragma once
/// \file
/// Work on a table in parts: workers write data files and say what they did, one commits. What goes between them are messages of the
/// format, serialized: lance.table.Transaction, lance.table.DataFragment, lance.file.Schema. Where no commit follows, files stay behind
/// as orphans.

#include <eider/dataset.h>

#include <cstdint>
#include <memory>
#include <string>

namespace eider {

/// Writes data files as Dataset::Write does, and returns the transaction that is still to be committed: an append, or an overwrite where
/// there is no table yet.
EIDER_EXPORT std::string WriteUncommitted(RecordBatchReader& data, const std::string& uri, const WriteOptions& options);

/// Commits a transaction that was read from the version it names (0, of overwrites alone: the latest, or no table at all).
/// `through` as of Dataset::Write. \throws Error(kInvalid) for a message that does not parse or fit the table, Error(kConflict / kRetryableConflict / kCommitUnknown)
EIDER_EXPORT DatasetPtr CommitTransaction(const std::string& uri, const std::string& transaction, const CommitOptions& options = {},
                                          const Dataset* through = nullptr);

/// A fragment with new files, and the schema that the table has with them.
struct FragmentColumns {
  std::string fragment;  ///< lance.table.DataFragment
  LanceSchema schema;
  std::vector<int32_t> field_ids;  ///< of the fields that the new file holds
};

/// Fields of a schema as messages lance.file.Field, depth first, and back. \throws Error(kInvalid)
EIDER_EXPORT std::vector<std::string> FieldMessages(const LanceSchema& schema);
EIDER_EXPORT LanceSchema SchemaOfMessages(const std::vector<std::string>& fields, const KeyValues& metadata);

}  // namespace eider
