#include <algorithm>
#include <map>
#include <set>

#include "eider/base/error.h"
#include "eider/rows/row_id_sequence.h"
#include "eider/table/next_version.h"

namespace eider::table {
namespace {

std::vector<int32_t> FieldsOf(const DataFileProto& file) { return {file.fields().begin(), file.fields().end()}; }

bool IsSameShape(const DataFileProto& a, const DataFileProto& b) {
  return FieldsOf(a) == FieldsOf(b) && a.file_major_version() == b.file_major_version() && a.file_minor_version() == b.file_minor_version();
}

/// Takes the place of the file with the same fields, or comes beside files that have none of them.
void ReplaceFile(const DataFileProto& file, DataFragmentProto* fragment) {
  if (file.fields_size() == 0) throw Invalid("data replacement: file '{}' has no fields", file.path());
  std::set<int32_t> held;
  for (DataFileProto& old : *fragment->mutable_files()) {
    if (IsSameShape(old, file)) {
      old = file;
      return;
    }
    held.insert(old.fields().begin(), old.fields().end());
  }
  for (const int32_t id : file.fields()) {
    if (held.contains(id)) throw Invalid("data replacement: fragment {} has field {}, but no file with the fields of '{}'", fragment->id(), id, file.path());
  }
  *fragment->add_files() = file;
}

}  // namespace

void NextVersion::ApplyDataReplacement(const TransactionProto::DataReplacement& replacement) {
  KeepFragments();
  std::unordered_set<uint64_t> touched;
  std::unordered_set<int32_t> fields;
  std::map<size_t, DataFragmentProto> changed;
  for (const auto& group : replacement.replacements()) {
    const std::optional<size_t> at = base_->FindFragment(group.fragment_id());
    if (!at) throw Invalid("data replacement: version {} has no fragment {}", base_->version(), group.fragment_id());
    DataFragmentProto& fragment = changed.try_emplace(*at, base_->fragment(*at).proto()).first->second;
    ReplaceFile(group.new_file(), &fragment);
    touched.insert(group.fragment_id());
    fields.insert(group.new_file().fields().begin(), group.new_file().fields().end());
  }
  for (const auto& [at, fragment] : changed) OwnFragment(at, fragment);
  KeepIndices();
  if (!touched.empty()) Uncover(touched, fields);
}

void NextVersion::ApplyColumnUpdate(const TransactionProto::Update& update) {
  RecordMaxFragmentId();
  std::unordered_map<uint64_t, const DataFragmentProto*> updated;
  for (const DataFragmentProto& fragment : update.updated_fragments()) updated[fragment.id()] = &fragment;
  std::unordered_set<uint64_t> touched;
  std::unordered_set<uint64_t> removed(update.removed_fragment_ids().begin(), update.removed_fragment_ids().end());
  for (size_t i = 0; i < base_->num_fragments(); ++i) {
    const uint64_t id = base_->fragment(i).id();
    if (removed.erase(id) > 0) continue;
    const auto found = updated.find(id);
    if (found == updated.end()) {
      draft_.fragments.push_back(base_->fragment_bytes(i));
      continue;
    }
    DataFragmentProto fragment = *found->second;
    if (fragment.physical_rows() != base_->fragment(i).physical_rows()) {
      throw Invalid("update: fragment {} of {} rows, version {} has {}", id, fragment.physical_rows(), base_->version(), base_->fragment(i).physical_rows());
    }
    if (stable_row_ids_) {
      fragment.set_inline_last_updated_at_versions(rows::MakeVersionSequence(fragment.physical_rows(), draft_.head.version()));
    }
    AddFragment(fragment);
    touched.insert(id);
    updated.erase(found);
  }
  if (!removed.empty() || !updated.empty()) {
    throw Invalid("update: version {} has no fragment {}", base_->version(), removed.empty() ? updated.begin()->first : *removed.begin());
  }
  AddNewFragments(update.new_fragments(), Rows::kMoved);
  KeepIndices();
  if (!touched.empty()) Uncover(touched, {update.fields_modified().begin(), update.fields_modified().end()});
}

}  // namespace eider::table
