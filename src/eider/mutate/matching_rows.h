#pragma once
/// \file
/// Where the rows are that pass a filter.

#include <eider/scan_options.h>

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "eider/query/table_reader.h"

namespace eider::mutate {

/// Passes on the addresses of the live rows that match, in their order. `fragment_ids`: unset means all.
void VisitMatches(const query::TableReader& table, const std::optional<SqlExpression>& filter, std::optional<std::vector<uint64_t>> fragment_ids,
                  const std::function<void(std::span<const uint64_t>)>& visit);

}  // namespace eider::mutate
