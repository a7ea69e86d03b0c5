#pragma once
/// \file
/// Holds the schema of data to be appended against the schema of the table.

#include <eider/schema.h>

#include <vector>

namespace eider {

/// For each field of the table the column of the data that fills it, or -1: fill with null.
struct SchemaMatch {
  std::vector<int> columns;
};

/// Matches by name, at top level and within structs in any order. Views and non-nullable flags of the data may be
/// weaker or stronger than the table's: what counts is the logical type, and that no null can reach a field that is not nullable (the
/// data are checked for that when they are written).
/// \throws Error(kInvalid) naming the column and both types, or the missing or unknown column.
SchemaMatch MatchForAppend(const LanceSchema& table, const Schema& data);

}  // namespace eider
