#pragma once
/// \file
/// Feature flags of a manifest: what an engine must know before it may read, or write, a table. Persisted, never renumber.

#include <cstdint>

#include "eider/table/manifest.h"

namespace eider::table {

enum FeatureFlag : uint64_t {
  kDeletionFiles = 1,
  kStableRowIds = 2,
  kLegacyV2Format = 4,         ///< deprecated, means nothing
  kTableConfig = 8,            ///< writer flag only
  kMultipleBases = 16,
  kNoTransactionFile = 32,
  kDataOverlays = 64,
  kCoveringIndex = 128,
  kMixedFileVersions = 256,    ///< in both halves, or the manifest is corrupt
  kReuseTransitions = 1024,
  kManagedBlobs = 2048,
};

/// \throws Error(kUnsupported) with the numbers of the flags that this version cannot read, Error(kCorrupt).
void RequireReadable(const Manifest& manifest);
/// \throws Error(kUnsupported)
void RequireWritable(const Manifest& manifest);
/// The flags of the next version from its content, plus those of `head` that outlive a commit.
void SetFeatureFlags(bool has_deletions, bool stable_row_ids, bool has_indices, ManifestProto* head);

}  // namespace eider::table
