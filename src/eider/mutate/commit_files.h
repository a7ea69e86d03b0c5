#pragma once
/// \file
/// Commits what was written, and decides what becomes of the new files when the commit fails.

#include <utility>

#include "eider/base/error.h"
#include "eider/table/commit.h"

namespace eider::mutate {

/// Runs `commit`. The files stay when it succeeds and when nobody knows (kCommitUnknown); otherwise they are removed.
template <typename Files, typename CommitBody>
table::Snapshot CommitFiles(Files* files, CommitBody&& commit) {
  try {
    table::Snapshot snapshot = commit();
    files->Keep();
    return snapshot;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCommitUnknown) files->Keep();
    throw;
  } catch (...) {
    // Memory ran out somewhere: the manifest may lie in its place already, and an orphan is harmless.
    files->Keep();
    throw;
  }
}

}  // namespace eider::mutate
