#pragma once
/// \file
/// How a merge ends once its files are written.

#include "eider/mutate/commit_files.h"
#include "eider/mutate/merge_insert.h"
#include "eider/table/commit.h"

namespace eider::mutate {

template <typename Body>
table::Snapshot CommitAllFiles(Body&& body) { return body(); }
template <typename Body, typename First, typename... Rest>
table::Snapshot CommitAllFiles(Body&& body, First* first, Rest*... rest) {
  return CommitFiles(first, [&] { return CommitAllFiles(body, rest...); });
}

/// Does with the transaction of `merged`, and the files that it names (NewDataFiles, NewDeletions), what `end` says.
template <typename... Files>
Merged EndMerge(const table::Snapshot& read, Merged merged, MergeEnd end, const table::CommitOptions& how, Files*... files) {
  if (end == MergeEnd::kDrop) return merged;
  const auto commit = [&] { return end == MergeEnd::kLeave ? read : table::Commit(read, merged.transaction, how); };
  merged.snapshot = CommitAllFiles(commit, files...);
  return merged;
}

}  // namespace eider::mutate
