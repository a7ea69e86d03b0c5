#pragma once
/// \file
/// Profiles of the columns of a table: one pass over each, in parallel, in bounded memory.

#include <eider/profile.h>

#include <memory>
#include <optional>

#include "eider/query/table_reader.h"

namespace eider::reduce {

/// One for each leaf of `columns` (top-level names; unset: all), in the order of the schema. Values of vectors and blobs are not read.
/// \throws Error(kNotFound) naming a column that is not there
std::vector<ColumnProfile> ProfileColumns(const std::shared_ptr<const query::TableReader>& table, const std::optional<std::vector<std::string>>& columns,
                                          ScanStats* stats);

}  // namespace eider::reduce
