#pragma once
/// \file
/// What a merge would do, for people.

#include <eider/merge_insert.h>

#include "eider/table/snapshot.h"

namespace eider::mutate {

/// Of a source with `schema`. `verbose`: how keys are compared and where the source is held, too. \throws as MergeInsert
std::string ExplainMerge(const table::Snapshot& read, const Schema& schema, const MergeInsertOptions& options, bool verbose);

}  // namespace eider::mutate
