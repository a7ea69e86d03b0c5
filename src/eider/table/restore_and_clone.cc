#include <algorithm>

#include "eider/base/error.h"
#include "eider/table/next_version.h"

namespace eider::table {

void NextVersion::Restore(const Manifest& old) {
  if (old.repeated_fragment_id()) throw Corrupt("manifest: two fragments have the id {}", *old.repeated_fragment_id());
  RecordMaxFragmentId();
  ManifestProto head = old.head();
  if (draft_.head.has_max_fragment_id()) {
    head.set_max_fragment_id(std::max(draft_.head.max_fragment_id(), head.max_fragment_id()));
  }
  head.set_next_row_id(std::max(draft_.head.next_row_id(), head.next_row_id()));
  // An id names one place for ever: writers that are under way have files there.
  for (const auto& base : draft_.head.base_paths()) {
    const auto same_id = [&](const auto& other) { return other.id() == base.id(); };
    if (std::ranges::none_of(head.base_paths(), same_id)) *head.add_base_paths() = base;
  }
  Sign(draft_.head.version(), &head);
  draft_.head = std::move(head);
  stable_row_ids_ = old.uses_stable_row_ids();
  draft_.dictionaries = old.dictionaries();
  draft_.index_section = old.index_section();
  for (size_t i = 0; i < old.num_fragments(); ++i) draft_.fragments.push_back(old.fragment_bytes(i));
}

uint32_t NextVersion::AddClonedBase(const TransactionProto::Clone& clone) {
  uint64_t id = 0;
  for (const auto& base : draft_.head.base_paths()) id = std::max(id, uint64_t{base.id()} + 1);
  if (id > UINT32_MAX) throw Unsupported("clone: ids of base paths are used up at {}", id);
  auto* base = draft_.head.add_base_paths();
  base->set_id(static_cast<uint32_t>(id));
  if (clone.has_ref_name()) base->set_name(clone.ref_name());
  base->set_is_dataset_root(true);
  base->set_path(clone.ref_path());
  return static_cast<uint32_t>(id);
}

void NextVersion::Clone(const TransactionProto::Clone& clone) {
  Sign(base_->version(), &draft_.head);
  draft_.head.clear_branch();
  if (clone.has_branch_name()) draft_.head.set_branch(clone.branch_name());
  draft_.dictionaries = base_->dictionaries();
  std::optional<uint32_t> base;
  if (clone.is_shallow()) {
    base = AddClonedBase(clone);
  } else {
    // Objects outside that blobs name stay where they are.
    auto* bases = draft_.head.mutable_base_paths();
    bases->erase(std::remove_if(bases->begin(), bases->end(), [](const auto& path) { return path.is_dataset_root(); }), bases->end());
  }
  const auto rebase = [&](auto* file) {
    if (!base) file->clear_base_id();
    else if (!file->has_base_id()) file->set_base_id(*base);
  };
  for (size_t i = 0; i < base_->num_fragments(); ++i) {
    DataFragmentProto fragment = base_->fragment(i).proto();
    for (DataFileProto& file : *fragment.mutable_files()) rebase(&file);
    for (auto& overlay : *fragment.mutable_overlays()) rebase(overlay.mutable_data_file());
    if (fragment.has_deletion_file()) rebase(fragment.mutable_deletion_file());
    AddFragment(fragment);
  }
  std::optional<IndexSectionProto> indices = ReadIndices();
  if (!indices) return;
  for (auto& index : *indices->mutable_indices()) rebase(&index);
  index_section_ = indices->SerializeAsString();
  draft_.index_section = SpanOf(index_section_);
}

}  // namespace eider::table
