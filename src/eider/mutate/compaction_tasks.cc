#include <algorithm>
#include <map>
#include <unordered_set>

#include "eider/base/error.h"
#include "eider/base/parse_message.h"
#include "eider/mutate/compact.h"
#include "eider/mutate/rewrite_group.h"
#include "eider/mutate/write.h"
#include "eider/table/commit.h"

namespace eider::mutate {
namespace {

table::DataFragmentProto ParseFragment(const std::string& message) {
  table::DataFragmentProto fragment;
  if (!ParseMessage(SpanOf(message), &fragment)) throw Invalid("compaction: a fragment of {} bytes does not parse", message.size());
  return fragment;
}

CompactionGroup GroupOf(const table::Manifest& manifest, const CompactionTask& task) {
  CompactionGroup group{.fragments = {}, .merges_files = task.merges_files};
  for (const std::string& message : task.fragments) {
    const uint64_t id = ParseFragment(message).id();
    const std::optional<size_t> at = manifest.FindFragment(id);
    if (!at) throw Invalid("compaction: version {} has no fragment {}", manifest.version(), id);
    group.fragments.push_back(*at);
  }
  std::ranges::sort(group.fragments);
  const bool twice = std::ranges::adjacent_find(group.fragments) != group.fragments.end();
  if (group.fragments.empty() || twice) throw Invalid("compaction: a task needs fragments, each once");
  if (task.merges_files && group.fragments.size() != 1) throw Invalid("compaction: files of {} fragments are to be merged", group.fragments.size());
  return group;
}

/// Live rows; unset: not recorded.
std::optional<uint64_t> LiveRows(const google::protobuf::RepeatedPtrField<table::DataFragmentProto>& fragments) {
  uint64_t rows = 0;
  for (const table::DataFragmentProto& fragment : fragments) {
    if (fragment.physical_rows() == 0 || (fragment.has_deletion_file() && fragment.deletion_file().num_deleted_rows() == 0)) return std::nullopt;
    rows += fragment.physical_rows() - fragment.deletion_file().num_deleted_rows();
  }
  return rows;
}

RewrittenGroup Parse(const CompactionRewrite& rewrite) {
  RewrittenGroup group{.merges_files = rewrite.merges_files, .fragments = {}, .metrics = rewrite.metrics};
  for (const std::string& message : rewrite.old_fragments) *group.fragments.add_old_fragments() = ParseFragment(message);
  for (const std::string& message : rewrite.new_fragments) *group.fragments.add_new_fragments() = ParseFragment(message);
  const auto& before = group.fragments.old_fragments();
  const auto& after = group.fragments.new_fragments();
  const bool is_one = before.size() == 1 && after.size() == 1 && before[0].id() == after[0].id();
  if (before.empty() || (rewrite.merges_files && !is_one)) throw Invalid("compaction: a result of {} fragments and {} new ones", before.size(), after.size());
  const std::optional<uint64_t> was = LiveRows(before), is = LiveRows(after);
  if (was && is != was) throw Invalid("compaction: a result of {} rows from {}", is.value_or(0), *was);
  return group;
}

void RequireOnce(const std::vector<RewrittenGroup>& groups) {
  std::unordered_set<uint64_t> ids;
  for (const RewrittenGroup& group : groups) {
    for (const auto& fragment : group.fragments.old_fragments()) {
      if (!ids.insert(fragment.id()).second) throw Invalid("compaction: fragment {} was rewritten twice", fragment.id());
    }
  }
}

/// \throws Error(kInvalid) when the rewritten fragments are not those that the table had, as those of another table
void RequireSameFiles(const table::Snapshot& read, const RewrittenGroup& group) {
  for (const auto& old : group.fragments.old_fragments()) {
    const std::optional<size_t> at = read.manifest->FindFragment(old.id());
    const auto same = [](const table::DataFileProto& a, const table::DataFileProto& b) { return a.path() == b.path() && a.base_id() == b.base_id(); };
    if (at && std::ranges::equal(read.manifest->fragment(*at).proto().files(), old.files(), same)) continue;
    throw Invalid("compaction: fragment {} of version {} of '{}' {}", old.id(), read.version(), read.store->root(),
                  at ? "has other data files than the one that was rewritten" : "is not there");
  }
}

}  // namespace

std::vector<CompactionTask> PlanTasks(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session) {
  WritableVersion(read.manifest->data_storage_version());
  std::vector<CompactionTask> tasks;
  for (const CompactionGroup& group : PlanCompaction(*std::make_shared<const query::TableReader>(read, session), options)) {
    CompactionTask task{.read_version = read.version(), .fragments = {}, .merges_files = group.merges_files};
    for (const size_t i : group.fragments) task.fragments.push_back(read.manifest->fragment(i).proto().SerializeAsString());
    tasks.push_back(std::move(task));
  }
  return tasks;
}

CompactionRewrite ExecuteTask(const table::Snapshot& any, const CompactionTask& task, const CompactionOptions& options,
                              const std::shared_ptr<Session>& session) {
  const table::Snapshot read = any.version() == task.read_version ? any : table::LoadSnapshot(any.store, task.read_version, session.get());
  const auto table = std::make_shared<const query::TableReader>(read, session);
  NewDataFiles files(read.store, CompactedFiles(read, options, session));
  const RewrittenGroup group = RewriteGroup(*table, GroupOf(*read.manifest, task), &files);
  files.Keep();
  CompactionRewrite rewrite{.read_version = task.read_version, .old_fragments = {}, .new_fragments = {}, .merges_files = task.merges_files, .metrics = group.metrics};
  for (const auto& fragment : group.fragments.old_fragments()) rewrite.old_fragments.push_back(fragment.SerializeAsString());
  for (const auto& fragment : group.fragments.new_fragments()) rewrite.new_fragments.push_back(fragment.SerializeAsString());
  return rewrite;
}

Compacted CommitRewrites(const table::Snapshot& any, std::span<const CompactionRewrite> rewrites, const CompactionOptions& options) {
  Compacted out{.snapshot = any, .metrics = {}};
  if (rewrites.empty()) return out;
  std::vector<RewrittenGroup> groups;
  uint64_t version = UINT64_MAX;
  for (const CompactionRewrite& rewrite : rewrites) {
    groups.push_back(Parse(rewrite));
    version = std::min(version, rewrite.read_version);
  }
  RequireOnce(groups);
  std::map<uint64_t, table::Snapshot> versions{{any.version(), any}};
  const auto version_of = [&](uint64_t number) -> const table::Snapshot& {
    const auto known = versions.find(number);
    return known != versions.end() ? known->second : versions.emplace(number, table::LoadSnapshot(any.store, number)).first->second;
  };
  for (size_t i = 0; i < groups.size(); ++i) RequireSameFiles(version_of(rewrites[i].read_version), groups[i]);
  const table::Snapshot& read = version_of(version);
  for (const bool merges_files : {false, true}) {
    table::TransactionProto transaction = table::NewTransaction(version);
    for (const RewrittenGroup& group : groups) {
      if (group.merges_files != merges_files) continue;
      AddTo(group, &transaction);
      out.metrics.fragments_removed += group.metrics.fragments_removed;
      out.metrics.fragments_added += group.metrics.fragments_added;
      out.metrics.files_removed += group.metrics.files_removed;
      out.metrics.files_added += group.metrics.files_added;
    }
    if (!transaction.has_rewrite() && !transaction.has_update()) continue;
    out.snapshot = table::Commit(read, std::move(transaction), {.sync = SyncsFor(options.change.durability)});
  }
  return out;
}

}  // namespace eider::mutate
