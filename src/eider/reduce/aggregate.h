#pragma once
/// \file
/// Aggregates over the rows of a scan: one pass, in parallel, after what statistics say.

#include <eider/aggregate.h>

#include <memory>
#include <span>

#include "eider/query/table_reader.h"

namespace eider::reduce {

/// One row, with a column for each aggregate. What the options select are the rows: columns, batches and order do not matter.
/// \throws Error(kInvalid) for an aggregate that does not parse, whose argument has no such aggregate, or a sum that its type does not hold
RecordBatch RunAggregates(const std::shared_ptr<const query::TableReader>& table, const ScanOptions& options, std::span<const Aggregate> aggregates);

}  // namespace eider::reduce
