#include "eider/mutate/update_operation.h"

namespace eider::mutate {

void AddAssigned(const LanceField& field, table::TransactionProto::Update* update) {
  update->add_fields_for_preserving_frag_bitmap(static_cast<uint32_t>(field.id));
  for (const LanceField& child : field.children) AddAssigned(child, update);
}

void AddDeletions(const NewDeletions& deletions, table::TransactionProto::Update* update) {
  for (const table::DataFragmentProto& fragment : deletions.updated()) *update->add_updated_fragments() = fragment;
  for (const uint64_t id : deletions.removed()) update->add_removed_fragment_ids(id);
}

}  // namespace eider::mutate
