#pragma once
/// \file
/// A scan in the order of some keys: keys and positions are read and sorted (row_sorter.h); then the
/// rows are taken in that order.

#include <memory>

#include "eider/query/table_reader.h"

namespace eider::query {

/// \pre !options.order_by.empty()
std::unique_ptr<RecordBatchReader> ScanSorted(std::shared_ptr<const TableReader> table, const ScanOptions& options);

}  // namespace eider::query
