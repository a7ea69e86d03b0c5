#pragma once
/// \file
/// What page statistics say of a test: whether a row of the page may pass it.

#include "eider/expr/expression.h"
#include "eider/page/page_statistics.h"

namespace eider::query {

/// False only when no row passes. NaN counts as greater than every number, as different from it, and as unknown: either reading of a
/// comparison gets its rows. \pre test.values has the type of the column, or compares like it
bool MayPass(const expr::ColumnTest& test, const page::PageStatistics& statistics, uint64_t num_rows);

}  // namespace eider::query
