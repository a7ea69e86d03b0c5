#pragma once
/// \file
/// Removes old versions, and files that no version needs.
///
/// A file goes when no version that stays names it, on any branch, and a version that goes did (or it is older than 7 days, or the caller
/// vouches that nobody is writing). Versions go first, so that none is ever there without its files; what is left after a failure is
/// found by the next cleanup. Whatever cannot be read ends it before anything is removed, but for torn manifests, which
/// stay, and with each the version before it, of which a repair takes the rows.
///
///     looked at: _versions/*.manifest and .tmp*, data/*.lance and data/*/*.blob, _deletions/*.arrow and *.bin, _transactions/*.txn,
///     _indices/*/. Everything else stays, and so does what lies in base paths.

#include <eider/cleanup.h>

#include "eider/table/snapshot.h"

namespace eider::table {

/// \throws Error(kInvalid) for options or for a tagged version in the way, Error(kCorrupt), Error(kUnsupported) for features that
/// this version does not know.
CleanupExplanation ExplainCleanup(const Snapshot& at, const CleanupOptions& options);
/// \throws as ExplainCleanup; Error(kRetryableConflict) when a tag or branch was made meanwhile for a version that was about to go.
CleanupStats Cleanup(const Snapshot& at, const CleanupOptions& options);

/// Cleans up after a commit when the table's configuration asks for it at this version:
///
///     lance.auto_cleanup.interval         at versions that it divides; 0: at all
///     lance.auto_cleanup.older_than       "14days", "2h 30m"
///     lance.auto_cleanup.retain_versions
///
/// Never throws: the commit has landed.
void CleanupAfterCommit(const Snapshot& committed, bool sync);

/// "2h 30m" -> nanoseconds; nullopt for text that is no span of time.
std::optional<std::chrono::nanoseconds> ParseTimeSpan(std::string_view text);

}  // namespace eider::table
