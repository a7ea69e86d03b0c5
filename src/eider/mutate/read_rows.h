#pragma once
/// \file
/// What serializable operations read, held against what others commit meanwhile.

#include <eider/scan_options.h>
#include <eider/session.h>
#include <eider/write_options.h>

#include <memory>
#include <optional>

#include "eider/table/commit.h"

namespace eider::mutate {

/// Of an operation that read the rows for which `filter` is true (unset: all): a commit that brings, takes or changes such a row is a
/// conflict. Absent for snapshot isolation.
table::ReadCheck ReadsRows(Isolation isolation, const std::optional<SqlExpression>& filter, const std::shared_ptr<Session>& session);

}  // namespace eider::mutate
