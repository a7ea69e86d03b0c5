#include "eider/table/next_version.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "eider/base/error.h"
#include "eider/base/parse_message.h"
#include "eider/base/wire.h"
#include "eider/rows/portable_roaring.h"
#include "eider/table/base_paths.h"
#include "eider/table/changed_files.h"
#include "eider/table/config_update.h"
#include "eider/table/conflict.h"
#include "eider/table/feature_flags.h"

namespace eider::table {
namespace {

constexpr uint32_t kDeletionFileField = 3;
constexpr int32_t kColumnsMode = 1;  ///< of an update
/// Names us in the manifest. Other engines repair tables of old releases of the reference by this entry.
constexpr const char* kWriterLibrary = "eider";
constexpr const char* kWriterVersion = "0.1.0";

void SetNow(::lance::table::Timestamp* timestamp) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now);
  timestamp->set_seconds(seconds.count());
  timestamp->set_nanos(static_cast<int32_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now - seconds).count()));
}

}  // namespace

void Sign(uint64_t version, ManifestProto* head) {
  head->set_version(version);
  head->clear_version_aux_data();
  head->clear_tag();
  SetNow(head->mutable_timestamp());
  head->mutable_writer_version()->Clear();
  head->mutable_writer_version()->set_library(kWriterLibrary);
  head->mutable_writer_version()->set_version(kWriterVersion);
}

ManifestProto NewTableHead(const CreateOptions& create) {
  ManifestProto head;
  head.mutable_data_format()->set_file_format("lance");
  head.mutable_data_format()->set_version(create.data_storage_version);
  for (const auto& [key, value] : create.table_metadata) (*head.mutable_table_metadata())[key] = value;
  return head;
}

NextVersion::NextVersion(const Manifest* base, ManifestProto head, bool stable_row_ids)
    : base_(base), stable_row_ids_(stable_row_ids) {
  if (base && base->repeated_fragment_id()) throw Corrupt("manifest: two fragments have the id {}", *base->repeated_fragment_id());
  draft_.head = std::move(head);
  Sign(base ? base->version() + 1 : 1, &draft_.head);
}

void NextVersion::Apply(const TransactionProto& transaction, const std::optional<std::string>& storage_version) {
  if (base_ == nullptr && !transaction.has_overwrite()) {
    throw Invalid("commit: operation '{}' makes no first version", OperationName(transaction));
  }
  if (base_ && !transaction.has_overwrite()) draft_.dictionaries = base_->dictionaries();
  switch (transaction.operation_case()) {
    case TransactionProto::kAppend: ApplyAppend(transaction.append()); break;
    case TransactionProto::kDelete: ApplyDelete(transaction.delete_()); break;
    case TransactionProto::kRewrite: ApplyRewrite(transaction.rewrite()); break;
    case TransactionProto::kUpdate: ApplyUpdate(transaction); break;
    case TransactionProto::kOverwrite: ApplyOverwrite(transaction.overwrite(), storage_version); break;
    case TransactionProto::kMerge: ApplyMerge(transaction.merge()); break;
    case TransactionProto::kProject: ApplyProject(transaction.project()); break;
    case TransactionProto::kDataReplacement: ApplyDataReplacement(transaction.data_replacement()); break;
    case TransactionProto::kReserveFragments: ApplyReserve(transaction.reserve_fragments()); break;
    case TransactionProto::kUpdateConfig:
      KeepFragments();
      KeepIndices();
      ApplyConfigUpdate(transaction.update_config(), &draft_.head);
      break;
    case TransactionProto::kUpdateBases:
      KeepFragments();
      KeepIndices();
      AddBases(transaction.update_bases().new_bases(), draft_.head.mutable_base_paths());
      break;
    default: throw Unsupported("commit: operation '{}'", OperationName(transaction));
  }
}

void NextVersion::ApplyAppend(const TransactionProto::Append& append) {
  KeepFragments();
  KeepIndices();
  AddNewFragments(append.fragments());
}

void NextVersion::ApplyDelete(const TransactionProto::Delete& deletion) {
  KeepIndices();
  RecordMaxFragmentId();
  ChangeFragments(deletion.updated_fragments(), deletion.deleted_fragment_ids(), Change::kDeletions);
}

void NextVersion::ApplyRewrite(const TransactionProto::Rewrite& rewrite) {
  RecordMaxFragmentId();
  google::protobuf::RepeatedField<uint64_t> removed;
  for (const auto& group : rewrite.groups()) {
    for (const DataFragmentProto& fragment : group.old_fragments()) removed.Add(fragment.id());
  }
  ChangeFragments({}, removed, Change::kDeletions);
  for (const auto& group : rewrite.groups()) AddNewFragments(group.new_fragments(), Rows::kMoved);
  Uncover({removed.begin(), removed.end()});
}

void NextVersion::ApplyUpdate(const TransactionProto& transaction) {
  const TransactionProto::Update& update = transaction.update();
  RecordMaxFragmentId();
  if (HasSameValues(transaction)) {
    KeepIndices();
    ChangeFragments(update.updated_fragments(), update.removed_fragment_ids(), Change::kFiles);
  } else if (update.update_mode() == kColumnsMode || update.fields_modified_size() > 0) {
    std::unordered_set<uint64_t> changed;
    for (const DataFragmentProto& fragment : update.updated_fragments()) changed.insert(fragment.id());
    Uncover(changed, {update.fields_modified().begin(), update.fields_modified().end()});
    columns_update_ = &update;
    ChangeFragments(update.updated_fragments(), update.removed_fragment_ids(), Change::kFiles);
  } else {
    KeepIndices();
    ChangeFragments(update.updated_fragments(), update.removed_fragment_ids(), Change::kDeletions);
  }
  AddNewFragments(update.new_fragments(), Rows::kMoved);
}

void NextVersion::ChangeFiles(const DataFragmentProto& changed, DataFragmentProto* fragment) {
  if (changed.physical_rows() != fragment->physical_rows()) {
    throw Invalid("update: fragment {} of {} rows, version {} has {}", changed.id(), changed.physical_rows(), base_->version(), fragment->physical_rows());
  }
  *fragment->mutable_files() = changed.files();
  DropDeadFiles(fragment);
  if (!stable_row_ids_ || columns_update_ == nullptr) return;
  fragment->set_inline_last_updated_at_versions(LastUpdatedAt(*fragment, *columns_update_, draft_.head.version()));
}

void NextVersion::ChangeFragments(const google::protobuf::RepeatedPtrField<DataFragmentProto>& updated_fragments,
                                  const google::protobuf::RepeatedField<uint64_t>& removed_ids, Change change) {
  std::unordered_map<uint64_t, const DataFragmentProto*> updated;
  for (const DataFragmentProto& fragment : updated_fragments) updated[fragment.id()] = &fragment;
  std::unordered_set<uint64_t> removed(removed_ids.begin(), removed_ids.end());
  for (size_t i = 0; i < base_->num_fragments(); ++i) {
    const uint64_t id = base_->fragment(i).id();
    if (removed.erase(id) > 0) continue;
    const auto found = updated.find(id);
    if (found == updated.end()) {
      draft_.fragments.push_back(base_->fragment_bytes(i));
      continue;
    }
    // All else is that of the newest version: only the deleted rows, or the files, are ours to say.
    DataFragmentProto fragment = base_->fragment(i).proto();
    if (change == Change::kFiles) ChangeFiles(*found->second, &fragment);
    if (found->second->has_deletion_file()) *fragment.mutable_deletion_file() = found->second->deletion_file();
    if (fragment.physical_rows() == 0) fragment.set_physical_rows(found->second->physical_rows());
    AddFragment(fragment);
    updated.erase(found);
  }
  if (!removed.empty() || !updated.empty()) {
    throw Invalid("commit: version {} has no fragment {} to change", base_->version(),
                  removed.empty() ? updated.begin()->first : *removed.begin());
  }
}

void NextVersion::ApplyOverwrite(const TransactionProto::Overwrite& overwrite,
                                 const std::optional<std::string>& storage_version) {
  if (base_ && overwrite.initial_bases_size() > 0) {
    throw Invalid("overwrite: initial bases are those of a new table; version {} is there (add_bases adds to it)", base_->version());
  }
  AddBases(overwrite.initial_bases(), draft_.head.mutable_base_paths());
  *draft_.head.mutable_fields() = overwrite.schema();
  *draft_.head.mutable_schema_metadata() = overwrite.schema_metadata();
  for (const auto& [key, value] : overwrite.config_upsert_values()) (*draft_.head.mutable_config())[key] = value;
  if (storage_version) {
    draft_.head.mutable_data_format()->set_file_format("lance");
    draft_.head.mutable_data_format()->set_version(*storage_version);
    // All files are of one version now.
    draft_.head.set_reader_feature_flags(draft_.head.reader_feature_flags() & ~uint64_t{kMixedFileVersions});
    draft_.head.set_writer_feature_flags(draft_.head.writer_feature_flags() & ~uint64_t{kMixedFileVersions});
  }
  RecordMaxFragmentId();
  AddNewFragments(overwrite.fragments());
}

void NextVersion::ApplyReserve(const TransactionProto::ReserveFragments& reserve) {
  KeepFragments();
  KeepIndices();
  if (reserve.num_fragments() == 0) return;
  const uint64_t last = uint64_t{NextFragmentId()} + reserve.num_fragments() - 1;
  if (last >= UINT32_MAX) throw Unsupported("commit: fragment ids are used up at {}", last);
  draft_.head.set_max_fragment_id(static_cast<uint32_t>(last));
}

void NextVersion::ApplyMerge(const TransactionProto::Merge& merge) {
  if (static_cast<size_t>(merge.fragments_size()) != base_->num_fragments()) {
    throw Invalid("merge: {} fragments on top of version {} with {}", merge.fragments_size(), base_->version(),
                  base_->num_fragments());
  }
  *draft_.head.mutable_fields() = merge.schema();
  *draft_.head.mutable_schema_metadata() = merge.schema_metadata();
  KeepIndices();
  for (size_t i = 0; i < base_->num_fragments(); ++i) {
    DataFragmentProto fragment = merge.fragments(static_cast<int>(i));
    const DataFragmentProto& before = base_->fragment(i).proto();
    if (fragment.id() != before.id()) throw Invalid("merge: fragment {} where version {} has {}", fragment.id(), base_->version(), before.id());
    if (stable_row_ids_ && !SameFiles(fragment, before)) {
      fragment.set_inline_last_updated_at_versions(rows::MakeVersionSequence(fragment.physical_rows(), draft_.head.version()));
    }
    DropDeadFiles(&fragment);
    AddFragment(fragment);
  }
}

void NextVersion::ApplyProject(const TransactionProto::Project& project) {
  *draft_.head.mutable_fields() = project.schema();
  KeepIndices();
  ListFragments();
  for (size_t i = 0; i < base_->num_fragments(); ++i) {
    if (std::ranges::none_of(base_->fragment(i).proto().files(), [&](const DataFileProto& file) { return IsDead(file); })) continue;
    DataFragmentProto fragment = base_->fragment(i).proto();
    DropDeadFiles(&fragment);
    OwnFragment(i, fragment);
  }
}

void NextVersion::DropDeadFiles(DataFragmentProto* fragment) const {
  if (std::ranges::none_of(fragment->files(), [&](const DataFileProto& file) { return IsDead(file); })) return;
  google::protobuf::RepeatedPtrField<DataFileProto> live;
  for (const DataFileProto& file : fragment->files()) {
    if (!IsDead(file)) *live.Add() = file;
  }
  if (live.empty()) *live.Add() = fragment->files(0);
  fragment->mutable_files()->Swap(&live);
}

bool NextVersion::IsDead(const DataFileProto& file) const {
  if (schema_ids_.empty()) {
    for (const auto& field : draft_.head.fields()) schema_ids_.insert(field.id());
  }
  return std::ranges::none_of(file.fields(), [&](int32_t id) { return schema_ids_.contains(id); });
}

void NextVersion::KeepFragments() {
  draft_.kept_fragments = base_->fragment_fields();
  if (draft_.kept_fragments.empty()) ListFragments();
}

void NextVersion::ListFragments() {
  for (size_t i = 0; i < base_->num_fragments(); ++i) draft_.fragments.push_back(base_->fragment_bytes(i));
}

void NextVersion::AddFragment(const DataFragmentProto& fragment) {
  draft_.fragments.push_back({});
  OwnFragment(draft_.fragments.size() - 1, fragment);
}

void NextVersion::OwnFragment(size_t position, const DataFragmentProto& fragment) {
  // The span is set by Serialize, when owned_fragments does not move any more.
  owned_at_.emplace_back(position, draft_.owned_fragments.size());
  draft_.owned_fragments.push_back(fragment.SerializeAsString());
}

/// Ids go on counting: a fragment id is never used twice, whatever is removed now.
void NextVersion::RecordMaxFragmentId() {
  if (base_ && !draft_.head.has_max_fragment_id() && base_->num_fragments() > 0) {
    draft_.head.set_max_fragment_id(NextFragmentId() - 1);
  }
}

uint32_t NextVersion::NextFragmentId() {
  uint64_t next = 0;
  if (draft_.head.has_max_fragment_id()) {
    next = uint64_t{draft_.head.max_fragment_id()} + 1;
  } else if (base_) {
    for (size_t i = 0; i < base_->num_fragments(); ++i) next = std::max(next, base_->fragment(i).id() + 1);
  }
  if (next >= UINT32_MAX) throw Unsupported("commit: fragment ids are used up at {}", next);
  return static_cast<uint32_t>(next);
}

void NextVersion::AddNewFragments(const google::protobuf::RepeatedPtrField<DataFragmentProto>& fragments, Rows rows) {
  for (const DataFragmentProto& added : fragments) {
    DataFragmentProto fragment = added;
    const uint32_t id = NextFragmentId();
    draft_.head.set_max_fragment_id(id);
    fragment.set_id(id);
    if (rows == Rows::kNew || !stable_row_ids_) {
      fragment.clear_row_id_sequence();
      fragment.clear_created_at_version_sequence();
      fragment.clear_last_updated_at_version_sequence();
    }
    if (stable_row_ids_) IdentifyRows(&fragment);
    RequireBases(fragment);
    AddFragment(fragment);
  }
}

void NextVersion::RequireBases(const DataFragmentProto& fragment) const {
  for (const DataFileProto& file : fragment.files()) {
    const auto is_base = [&](const auto& base) { return base.id() == file.base_id(); };
    if (!file.has_base_id() || std::ranges::any_of(draft_.head.base_paths(), is_base)) continue;
    throw Conflict("commit: file '{}' lies in base {}, which {} does not list", file.path(), file.base_id(),
                   base_ ? fmt::format("version {}", base_->version()) : "the transaction");
  }
}

void NextVersion::IdentifyRows(DataFragmentProto* fragment) {
  const uint64_t num_rows = fragment->physical_rows();
  rows::RowIdSequence ids;
  if (fragment->has_inline_row_ids()) ids = rows::RowIdSequence::Parse(SpanOf(fragment->inline_row_ids()), num_rows);
  const uint64_t num_moved = ids.size();
  ids.Extend(rows::RowIdSequence::FromRange(draft_.head.next_row_id(), num_rows - num_moved));
  draft_.head.set_next_row_id(draft_.head.next_row_id() + (num_rows - num_moved));
  fragment->set_inline_row_ids(ids.Serialize());
  const auto complete = [&](std::string* versions, bool known) {
    rows::RowVersions all = known ? rows::RowVersions::Parse(SpanOf(*versions), num_rows) : rows::RowVersions();
    all.Append(draft_.head.version(), num_rows - all.size());
    *versions = all.Serialize();
  };
  complete(fragment->mutable_inline_last_updated_at_versions(), fragment->has_inline_last_updated_at_versions());
  if (num_moved > 0 && !fragment->has_inline_created_at_versions()) {
    fragment->set_inline_created_at_versions(CreatedAt(ids, num_moved).Serialize());
  }
  complete(fragment->mutable_inline_created_at_versions(), fragment->has_inline_created_at_versions());
}

rows::RowVersions NextVersion::CreatedAt(const rows::RowIdSequence& ids, uint64_t count) {
  if (created_at_.empty()) {
    for (size_t i = 0; i < base_->num_fragments(); ++i) {
      const DataFragmentProto& fragment = base_->fragment(i).proto();
      const uint64_t num_rows = fragment.physical_rows();
      std::vector<uint64_t> of_fragment(num_rows), versions(num_rows, 1);
      const auto sequence = rows::RowIdSequence::Parse(SpanOf(fragment.inline_row_ids()), num_rows);
      const auto created = rows::RowVersions::Parse(SpanOf(fragment.inline_created_at_versions()), num_rows);
      sequence.Read(0, sequence.size(), of_fragment.data());
      created.Read(0, created.size(), versions.data());
      for (uint64_t row = 0; row < sequence.size(); ++row) created_at_.emplace(of_fragment[row], versions[row]);
    }
  }
  rows::RowVersions out;
  for (uint64_t i = 0; i < count; ++i) {
    const auto found = created_at_.find(ids.at(i));
    if (found == created_at_.end()) throw Invalid("commit: version {} has no row of id {}", base_->version(), ids.at(i));
    out.Append(found->second, 1);
  }
  return out;
}

std::optional<IndexSectionProto> NextVersion::ReadIndices() const {
  const ByteSpan section = base_->index_section();
  if (section.empty()) return std::nullopt;
  IndexSectionProto indices;
  if (!ParseMessage(section, &indices)) {
    throw Corrupt("version {}: the index section does not parse", base_->version());
  }
  return indices;
}

void NextVersion::KeepIndices() {
  draft_.index_section = base_->index_section();
  const std::optional<IndexSectionProto> indices = ReadIndices();
  if (!indices) return;
  std::unordered_set<int32_t> ids;
  for (const auto& field : draft_.head.fields()) ids.insert(field.id());
  IndexSectionProto kept = *indices;
  kept.clear_indices();
  for (const auto& index : indices->indices()) {
    const auto in_schema = [&](int32_t id) { return ids.contains(id); };
    if (std::all_of(index.fields().begin(), index.fields().end(), in_schema)) *kept.add_indices() = index;
  }
  if (kept.indices_size() == indices->indices_size()) return;
  index_section_ = kept.SerializeAsString();
  draft_.index_section = SpanOf(index_section_);
}

std::string NextVersion::Without(std::string_view bitmap, const std::unordered_set<uint64_t>& fragments) const {
  std::map<uint64_t, uint64_t> runs;  // first -> end
  rows::VisitPortableRoaring(SpanOf(bitmap), [&](uint32_t first, uint32_t count) { runs[first] = uint64_t{first} + count; });
  std::vector<uint32_t> left;
  for (size_t i = 0; i < base_->num_fragments(); ++i) {
    const uint64_t id = base_->fragment(i).id();
    const auto after = runs.upper_bound(id);
    if (after != runs.begin() && id < std::prev(after)->second && !fragments.contains(id)) left.push_back(static_cast<uint32_t>(id));
  }
  return rows::ToPortableRoaring(left);
}

void NextVersion::Uncover(const std::unordered_set<uint64_t>& fragments, const std::unordered_set<int32_t>& fields) {
  const auto is_changed = [&](int32_t id) { return fields.contains(id); };
  const std::optional<IndexSectionProto> indices = ReadIndices();
  if (!indices) return;
  IndexSectionProto kept = *indices;
  kept.clear_indices();
  for (const auto& index : indices->indices()) {
    if (!fields.empty() && std::none_of(index.fields().begin(), index.fields().end(), is_changed)) {
      *kept.add_indices() = index;
      continue;
    }
    if (!index.has_fragment_bitmap() && index.fields_size() > 0) continue;
    auto* left = kept.add_indices();
    *left = index;
    if (index.has_fragment_bitmap()) left->set_fragment_bitmap(Without(index.fragment_bitmap(), fragments));
  }
  index_section_ = kept.SerializeAsString();
  draft_.index_section = SpanOf(index_section_);
}

bool NextVersion::AnyDeletions() const {
  // What its writer found out of these fragments.
  bool found = !draft_.kept_fragments.empty() && (base_->reader_feature_flags() & kDeletionFiles) != 0;
  for (size_t i = 0; i < draft_.fragments.size() && !found; ++i) {
    VisitWireFields(draft_.fragments[i], "fragment", [&](const WireField& field) {
      found = field.number == kDeletionFileField;
      return !found;
    });
  }
  return found;
}

std::string NextVersion::Serialize(const TransactionProto& transaction) {
  for (const auto& [position, owned] : owned_at_) draft_.fragments[position] = SpanOf(draft_.owned_fragments[owned]);
  SetFeatureFlags(AnyDeletions(), stable_row_ids_, !draft_.index_section.empty(), &draft_.head);
  draft_.head.set_transaction_file(fmt::format("{}-{}.txn", transaction.read_version(), transaction.uuid()));
  draft_.transaction = transaction.SerializeAsString();
  return SerializeManifest(draft_);
}

}  // namespace eider::table
