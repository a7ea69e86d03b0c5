#pragma once
/// \file
/// Fields of a table that a source lacks, at the top or within structs, and how they come together with those that it has.

#include <eider/array.h>
#include <eider/schema.h>

#include <string>
#include <vector>

namespace eider::mutate {

/// The fields that `source` lacks; of a struct of which it has some, those that it lacks. \throws Error(kInvalid) for lists of structs of
/// which it has some
LanceSchema MissingFields(const LanceSchema& table, const Schema& source);
/// What to read for them.
std::vector<std::string> PathsOf(const LanceSchema& missing, const Schema& source);

/// The fields of `missing` after those of `source`; a struct that both have has the fields of both.
Schema JoinFields(const Schema& source, const Schema& missing);
/// The same for columns, of as many rows. A struct is null where that of the source is.
std::vector<ArrayPtr> JoinColumns(const Schema& source, const std::vector<ArrayPtr>& columns, const Schema& missing,
                                  const std::vector<ArrayPtr>& missing_columns);

}  // namespace eider::mutate
