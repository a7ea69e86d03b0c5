#pragma once
/// \file
/// Rows without their duplicates.

#include <eider/array.h>
#include <eider/export.h>
#include <eider/session.h>

#include <memory>

namespace eider {

/// The first of each kind of equal rows, in their order: nulls are equal, all NaN are, and both zeros. What is remembered of the rows is
/// charged to the session's budget; rows for which that does not suffice go through temporary files.
EIDER_EXPORT std::unique_ptr<RecordBatchReader> DistinctRows(std::unique_ptr<RecordBatchReader> rows, std::shared_ptr<Session> session);

}  // namespace eider
