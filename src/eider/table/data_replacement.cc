#include <algorithm>
#include <map>
#include <set>

#include "eider/base/error.h"
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
  ListFragments();
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
  for (auto& [at, fragment] : changed) {
    DropDeadFiles(&fragment);
    OwnFragment(at, fragment);
  }
  KeepIndices();
  if (!touched.empty()) Uncover(touched, fields);
}

}  // namespace eider::table
