#include "eider/mutate/read_rows.h"

#include <algorithm>

#include "eider/base/error.h"
#include "eider/mutate/matching_rows.h"
#include "eider/query/table_reader.h"
#include "eider/rows/row_address.h"
#include "eider/table/conflict.h"

namespace eider::mutate {
namespace {

using Txn = table::TransactionProto;

/// Two versions that follow each other.
class Step {
 public:
  Step(const table::Snapshot& before, const table::Snapshot& after, const SqlExpression& filter, const std::shared_ptr<Session>& session)
      : filter_(filter),
        before_(std::make_shared<const query::TableReader>(before, session)),
        after_(std::make_shared<const query::TableReader>(after, session)) {}

  /// True when a row for which the filter is true came, went, or may have other values.
  bool ChangesMatches() const {
    const table::Manifest &before = manifest(*before_), &after = manifest(*after_);
    std::vector<uint64_t> old_ids, new_ids;
    for (size_t i = 0; i < after.num_fragments(); ++i) {
      const std::optional<size_t> old = before.FindFragment(after.fragment(i).id());
      if (!old) new_ids.push_back(after.fragment(i).id());
      else if (std::ranges::equal(after.fragment_bytes(i), before.fragment_bytes(*old))) continue;
      else if (table::SameFiles(after.fragment(i).proto(), before.fragment(*old).proto())) {
        if (DeletesMatches(before.fragment(*old), after.fragment(i))) return true;
      } else {
        old_ids.push_back(after.fragment(i).id());
        new_ids.push_back(after.fragment(i).id());
      }
    }
    for (size_t i = 0; i < before.num_fragments(); ++i) {
      if (!after.FindFragment(before.fragment(i).id())) old_ids.push_back(before.fragment(i).id());
    }
    return AnyMatch(*before_, std::move(old_ids)) || AnyMatch(*after_, std::move(new_ids));
  }

 private:
  static const table::Manifest& manifest(const query::TableReader& table) { return *table.snapshot().manifest; }

  bool AnyMatch(const query::TableReader& table, std::vector<uint64_t> ids) const {
    return !ids.empty() && table.CountRows({.filter = filter_, .fragment_ids = std::move(ids)}) > 0;
  }

  bool DeletesMatches(const table::Fragment& before, const table::Fragment& after) const {
    const uint64_t num_rows = after_->fragment(*manifest(*after_).FindFragment(after.id())).physical_rows(after_->context(nullptr));
    const rows::DeletionVectorPtr gone = table::ReadDeletions(after_->snapshot(), after, num_rows);
    if (!gone) return true;
    bool deletes = false;
    VisitMatches(*before_, filter_, std::vector<uint64_t>{before.id()}, [&](std::span<const uint64_t> addresses) {
      deletes = deletes || std::ranges::any_of(addresses, [&](uint64_t address) { return gone->IsDeleted(rows::RowAddress{address}.offset()); });
    });
    return deletes;
  }

  const SqlExpression& filter_;
  const std::shared_ptr<const query::TableReader> before_, after_;
};

/// Operations whose rows can be looked at with the filter that the operation was given.
bool KeepsColumns(const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kAppend:
    case Txn::kDelete:
    case Txn::kUpdate:
    case Txn::kDataReplacement: return true;
    default: return false;
  }
}

}  // namespace

table::ReadCheck ReadsRows(Isolation isolation, const std::optional<SqlExpression>& filter, const std::shared_ptr<Session>& session) {
  if (isolation == Isolation::kSnapshot) return {};
  if (!filter) return table::RequireUnchanged;
  return [filter, session](const table::Snapshot& before, const table::Snapshot& after, const Txn& theirs) {
    if (KeepsColumns(theirs) && !Step(before, after, *filter, session).ChangesMatches()) return;
    table::RequireUnchanged(before, after, theirs);
  };
}

}  // namespace eider::mutate
