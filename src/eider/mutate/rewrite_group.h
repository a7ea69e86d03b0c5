#pragma once
/// \file
/// One group of a compaction: written anew, and put into a transaction.

#include <eider/compaction.h>
#include <eider/session.h>

#include "eider/mutate/compaction_plan.h"
#include "eider/mutate/write_fragments.h"
#include "eider/table/manifest.h"

namespace eider::mutate {

/// A group whose new files lie there.
struct RewrittenGroup {
  bool merges_files = false;
  table::TransactionProto::Rewrite::RewriteGroup fragments;
  CompactionMetrics metrics;
};

WriteFragmentsOptions CompactedFiles(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session);

/// \throws Error(kUnsupported) for data overlays and external blobs
RewrittenGroup RewriteGroup(const query::TableReader& table, const CompactionGroup& group, NewDataFiles* files);

/// Adds the group to a transaction of groups like it: a rewrite, or an update that changes no value.
void AddTo(const RewrittenGroup& group, table::TransactionProto* transaction);
/// Whether the version has the group's fragments as they were read.
bool StandsIn(const table::Manifest& manifest, const RewrittenGroup& group);

}  // namespace eider::mutate
