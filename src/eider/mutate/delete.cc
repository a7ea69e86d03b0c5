#include "eider/mutate/delete.h"

#include "eider/mutate/commit_files.h"
#include "eider/mutate/matching_rows.h"
#include "eider/mutate/read_rows.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/write.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {
namespace {

Changed DeleteOnce(const table::Snapshot& read, const SqlExpression& filter, const ChangeOptions& options,
                   const std::shared_ptr<Session>& session) {
  const auto table = std::make_shared<const query::TableReader>(read, session);
  const bool sync = SyncsFor(options.durability);
  NewDeletions deletions(*table, sync);
  VisitMatches(*table, filter, std::nullopt, [&](std::span<const uint64_t> addresses) { deletions.Add(addresses); });
  deletions.Finish();
  if (deletions.num_deleted() == 0) return {read, 0};
  return CommitDeletions(read, filter.text, &deletions, sync, ReadsRows(options.isolation, filter, session));
}

}  // namespace

Changed CommitDeletions(const table::Snapshot& read, const std::string& predicate, NewDeletions* deletions, bool sync, table::ReadCheck check) {
  table::TransactionProto transaction = table::NewTransaction(read.version());
  transaction.mutable_delete_()->set_predicate(predicate);
  deletions->FillIn(&transaction);
  const table::CommitOptions options{.sync = sync, .merge_rows = deletions->Merger(), .check_reads = std::move(check)};
  return {CommitFiles(deletions, [&] { return table::Commit(read, std::move(transaction), options); }), deletions->num_deleted()};
}

Changed DeleteRows(const table::Snapshot& read, const SqlExpression& filter, const ChangeOptions& options,
                   const std::shared_ptr<Session>& session) {
  return RunWithRetries(read, options, [&](const table::Snapshot& now) { return DeleteOnce(now, filter, options, session); });
}

Changed DeleteAllRows(const table::Snapshot& read, const ChangeOptions& options, const std::shared_ptr<Session>& session) {
  return RunWithRetries(read, options, [&](const table::Snapshot& now) {
    const auto table = std::make_shared<const query::TableReader>(now, session);
    const bool sync = SyncsFor(options.durability);
    NewDeletions deletions(*table, sync);
    deletions.AddAll();
    return CommitDeletions(now, "true", &deletions, sync, ReadsRows(options.isolation, {}, session));
  });
}

}  // namespace eider::mutate
