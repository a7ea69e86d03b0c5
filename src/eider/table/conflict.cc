#include "eider/table/conflict.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "eider/base/error.h"
#include "eider/table/base_paths.h"
#include "eider/table/changed_files.h"
#include "eider/table/config_update.h"
#include "eider/table/inserted_keys.h"

namespace eider::table {
namespace {

using Txn = TransactionProto;

enum class Verdict { kFine, kMergeRows, kRetry, kNever };
using enum Verdict;

Verdict AppendAfter(const Txn& theirs, bool asks_for_more) {
  switch (theirs.operation_case()) {
    case Txn::kOverwrite:
    case Txn::kRestore:
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::kMerge:
    case Txn::kProject: return asks_for_more ? kRetry : kFine;
    case Txn::OPERATION_NOT_SET: return kRetry;
    default: return kFine;
  }
}

/// The fragments whose rows or files an operation changes or removes.
std::unordered_set<uint64_t> TouchedFragments(const Txn& transaction) {
  std::unordered_set<uint64_t> ids;
  const auto add = [&](const auto& fragments) {
    for (const DataFragmentProto& fragment : fragments) ids.insert(fragment.id());
  };
  switch (transaction.operation_case()) {
    case Txn::kDelete:
      add(transaction.delete_().updated_fragments());
      ids.insert(transaction.delete_().deleted_fragment_ids().begin(), transaction.delete_().deleted_fragment_ids().end());
      break;
    case Txn::kUpdate:
      add(transaction.update().updated_fragments());
      ids.insert(transaction.update().removed_fragment_ids().begin(), transaction.update().removed_fragment_ids().end());
      for (const auto& [id, rows] : transaction.update().updated_offset_bitmaps()) ids.insert(id);
      break;
    case Txn::kRewrite:
      add(transaction.rewrite().old_fragments());
      for (const auto& group : transaction.rewrite().groups()) add(group.old_fragments());
      break;
    case Txn::kDataOverlay:
      for (const auto& group : transaction.data_overlay().groups()) ids.insert(group.fragment_id());
      break;
    case Txn::kDataReplacement:
      for (const auto& group : transaction.data_replacement().replacements()) ids.insert(group.fragment_id());
      break;
    default: break;
  }
  return ids;
}

bool TouchSameFragment(const Txn& mine, const Txn& theirs) {
  const std::unordered_set<uint64_t> ours = TouchedFragments(mine);
  for (const uint64_t id : TouchedFragments(theirs)) {
    if (ours.contains(id)) return true;
  }
  return false;
}

Verdict DeleteAfter(const Txn& mine, const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kOverwrite:
    case Txn::kRestore:
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::kMerge:
    case Txn::OPERATION_NOT_SET: return kRetry;
    case Txn::kDelete: return TouchSameFragment(mine, theirs) ? kMergeRows : kFine;
    case Txn::kUpdate:
      if (!TouchSameFragment(mine, theirs)) return kFine;
      return theirs.update().fields_modified_size() > 0 ? kRetry : kMergeRows;
    case Txn::kRewrite:
    case Txn::kDataReplacement: return TouchSameFragment(mine, theirs) ? kRetry : kFine;
    default: return kFine;
  }
}

/// Rows that were read from what others overlaid since would be written with old values.
Verdict RowsWrittenAfter(const Txn& mine, const Txn& theirs) {
  if (theirs.operation_case() == Txn::kDataOverlay) return TouchSameFragment(mine, theirs) ? kRetry : kFine;
  return DeleteAfter(mine, theirs);
}

/// Whether keys that mine inserts as new ones may have come into the table meanwhile.
bool MayHaveComeMeanwhile(const Txn::KeyFilter& inserted, const Txn& theirs) {
  if (NamesNoKey(inserted)) return false;
  switch (theirs.operation_case()) {
    case Txn::kAppend: return theirs.append().fragments_size() > 0;
    case Txn::kDataReplacement:
    case Txn::kDataOverlay: return true;
    case Txn::kUpdate: break;
    default: return false;
  }
  const Txn::Update& update = theirs.update();
  if (update.has_inserted_rows()) return MayShareKeys(inserted, update.inserted_rows());
  return update.new_fragments_size() > 0 || update.fields_modified_size() > 0;
}

Verdict UpdateAfter(const Txn& mine, const Txn& theirs) {
  if (theirs.operation_case() == Txn::kProject) return kRetry;
  const Verdict verdict = RowsWrittenAfter(mine, theirs);
  if (verdict == kRetry || verdict == kNever || !mine.update().has_inserted_rows()) return verdict;
  return MayHaveComeMeanwhile(mine.update().inserted_rows(), theirs) ? kRetry : verdict;
}

/// An index that came meanwhile may cover what is gone: which fragments it names is looked at on the new version.
Verdict RewriteAfter(const Txn& mine, const Txn& theirs) {
  return theirs.operation_case() == Txn::kCreateIndex ? kRetry : RowsWrittenAfter(mine, theirs);
}

Verdict OverwriteAfter(const Txn& mine, const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kOverwrite:
    case Txn::OPERATION_NOT_SET: return kRetry;
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::kUpdateConfig: break;
    default: return kFine;
  }
  return Clash(theirs.update_config(), mine.overwrite()) ? kNever : kFine;
}

Verdict MergeAfter(const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kOverwrite:
    case Txn::kProject:
    case Txn::kRestore:
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::kUpdateConfig: return TouchesSchema(theirs.update_config()) ? kRetry : kFine;
    case Txn::kCreateIndex:
    case Txn::kReserveFragments:
    case Txn::kClone:
    case Txn::kUpdateBases: return kFine;
    default: return kRetry;
  }
}

/// Metadata of the schema and of fields is written on what others made of these.
Verdict ConfigAfter(const Txn::UpdateConfig& mine, const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kUpdateConfig: return Clash(mine, theirs.update_config()) ? kNever : kFine;
    case Txn::kOverwrite: return TouchesSchema(mine) || Clash(mine, theirs.overwrite()) ? kNever : kFine;
    case Txn::kRestore: return TouchesSchema(mine) ? kNever : kFine;
    case Txn::kMerge: return TouchesSchema(mine) ? kRetry : kFine;
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::OPERATION_NOT_SET: return kRetry;
    default: return kFine;
  }
}

bool RemovesFragment(const Txn::Delete& theirs, const Txn& mine) {
  const std::unordered_set<uint64_t> ours = TouchedFragments(mine);
  return std::ranges::any_of(theirs.deleted_fragment_ids(), [&](uint64_t id) { return ours.contains(id); });
}

/// Values for rows that are gone are of no use, now or later.
Verdict ReplacementAfter(const Txn& mine, const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kOverwrite:
    case Txn::kRestore:
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::kDelete: return RemovesFragment(theirs.delete_(), mine) ? kNever : kFine;
    case Txn::kUpdate:
    case Txn::kRewrite:
    case Txn::kDataReplacement: return TouchSameFragment(mine, theirs) ? kRetry : kFine;
    case Txn::kCreateIndex:
    case Txn::kMerge:
    case Txn::kProject:
    case Txn::OPERATION_NOT_SET: return kRetry;
    default: return kFine;
  }
}

Verdict ProjectAfter(const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kOverwrite:
    case Txn::kRestore:
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::kDelete:
    case Txn::kCreateIndex:
    case Txn::kRewrite:
    case Txn::kReserveFragments:
    case Txn::kClone:
    case Txn::kUpdateBases: return kFine;
    case Txn::kUpdateConfig: return theirs.update_config().field_metadata_updates().empty() ? kFine : kRetry;
    default: return kRetry;
  }
}

Verdict ReserveAfter(const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kOverwrite:
    case Txn::kRestore:
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::OPERATION_NOT_SET: return kRetry;
    default: return kFine;
  }
}

Verdict BasesAfter(const Txn::UpdateBases& mine, const Txn& theirs) {
  switch (theirs.operation_case()) {
    case Txn::kUpdateBases: return ShareBase(mine.new_bases(), theirs.update_bases().new_bases()) ? kNever : kFine;
    case Txn::kUpdateMemWalState: return kNever;
    case Txn::OPERATION_NOT_SET: return kRetry;
    default: return kFine;
  }
}

Verdict Judge(const Txn& mine, const Txn& theirs, bool asks_for_more) {
  switch (mine.operation_case()) {
    case Txn::kAppend: return AppendAfter(theirs, asks_for_more);
    case Txn::kDelete: return DeleteAfter(mine, theirs);
    case Txn::kUpdate: return UpdateAfter(mine, theirs);
    case Txn::kRewrite: return RewriteAfter(mine, theirs);
    case Txn::kOverwrite: return OverwriteAfter(mine, theirs);
    case Txn::kMerge: return MergeAfter(theirs);
    case Txn::kProject: return ProjectAfter(theirs);
    case Txn::kUpdateConfig: return ConfigAfter(mine.update_config(), theirs);
    case Txn::kDataReplacement: return ReplacementAfter(mine, theirs);
    case Txn::kReserveFragments: return ReserveAfter(theirs);
    case Txn::kUpdateBases: return BasesAfter(mine.update_bases(), theirs);
    case Txn::kRestore: return kFine;
    default: throw Unsupported("commit: operation '{}'", OperationName(mine));
  }
}

void CollectById(const std::vector<LanceField>& fields, std::unordered_map<int32_t, const LanceField*>* out) {
  for (const LanceField& field : fields) {
    (*out)[field.id] = &field;
    CollectById(field.children, out);
  }
}

bool AsksForMore(const std::unordered_map<int32_t, const LanceField*>& before, const LanceField& field) {
  const auto found = before.find(field.id);
  if (found == before.end()) return !field.nullable;  // below a new nullable field, rows without it need nothing
  if (found->second->logical_type != field.logical_type || (found->second->nullable && !field.nullable)) return true;
  return std::any_of(field.children.begin(), field.children.end(),
                     [&](const LanceField& child) { return AsksForMore(before, child); });
}

bool ReplacesFields(const std::unordered_map<int32_t, const LanceField*>& known, const std::vector<LanceField>& before,
                    const std::vector<LanceField>& after) {
  return std::ranges::any_of(after, [&](const LanceField& field) {
    const auto found = std::ranges::find(before, field.name, &LanceField::name);
    return found != before.end() && (!known.contains(field.id) || ReplacesFields(known, found->children, field.children));
  });
}

}  // namespace

const char* OperationName(const Txn& transaction) {
  switch (transaction.operation_case()) {
    case Txn::kAppend: return "append";
    case Txn::kDelete: return "delete";
    case Txn::kOverwrite: return "overwrite";
    case Txn::kCreateIndex: return "create index";
    case Txn::kRewrite: return "rewrite";
    case Txn::kMerge: return "merge";
    case Txn::kRestore: return "restore";
    case Txn::kReserveFragments: return "reserve fragments";
    case Txn::kUpdate: return "update";
    case Txn::kProject: return "project";
    case Txn::kUpdateConfig: return "update config";
    case Txn::kDataReplacement: return "data replacement";
    case Txn::kUpdateMemWalState: return "update of the memory log";
    case Txn::kClone: return "clone";
    case Txn::kUpdateBases: return "update bases";
    case Txn::kDataOverlay: return "data overlay";
    case Txn::OPERATION_NOT_SET: break;
  }
  return "unknown";
}

bool AsksForMore(const LanceSchema& before, const LanceSchema& after) {
  std::unordered_map<int32_t, const LanceField*> known;
  CollectById(before.fields, &known);
  return std::any_of(after.fields.begin(), after.fields.end(), [&](const LanceField& field) { return AsksForMore(known, field); });
}

bool ReplacesFields(const LanceSchema& before, const LanceSchema& after) {
  std::unordered_map<int32_t, const LanceField*> known;
  CollectById(before.fields, &known);
  return ReplacesFields(known, before.fields, after.fields);
}

bool ChangesRows(const Txn& transaction) {
  switch (transaction.operation_case()) {
    case Txn::kCreateIndex:
    case Txn::kRewrite:
    case Txn::kReserveFragments:
    case Txn::kUpdateConfig:
    case Txn::kUpdateBases: return false;
    case Txn::kUpdate: return !HasSameValues(transaction);
    default: return true;
  }
}

void CheckConflict(const Txn& mine, const Txn& theirs, uint64_t version, const Circumstances& circumstances) {
  switch (Judge(mine, theirs, circumstances.asks_for_more)) {
    case kFine: return;
    case kMergeRows:
      if (circumstances.merges_rows) return;
      [[fallthrough]];
    case kRetry:
      throw RetryableConflict("Commit conflict for version {}: this {} (from version {}) overlaps that, a concurrent {}: "
                              "run it again on the new version", version, OperationName(mine), mine.read_version(), OperationName(theirs));
    case kNever:
      throw Conflict("Commit conflict for version {}: this {} (from version {}) contradicts that, a concurrent {}", version,
                     OperationName(mine), mine.read_version(), OperationName(theirs));
  }
}

}  // namespace eider::table
