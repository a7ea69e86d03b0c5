#pragma once
/// \file
/// Updates rows: they are written anew, in fragments at the end of the table and in the version of its files, and marked as
/// deleted where they were.

#include <eider/scan_options.h>
#include <eider/session.h>
#include <eider/write_options.h>

#include "eider/mutate/changed.h"

namespace eider::mutate {

/// Sets top-level columns to the values of expressions, cast to their types, in the rows for which `filter` is true (unset: all).
/// When other writers changed the same fragments meanwhile, it is run again on their version. \throws Error(kInvalid, kNotFound) for
/// expressions that do not fit, Error(kConflict)
Changed UpdateRows(const table::Snapshot& read, const std::vector<ComputedColumn>& updates, const std::optional<SqlExpression>& filter,
                   const ChangeOptions& options, const std::shared_ptr<Session>& session);

}  // namespace eider::mutate
