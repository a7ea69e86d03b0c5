#include "eider/mutate/update_operation.h"

namespace eider::mutate {

void AddAssigned(const LanceField& field, table::TransactionProto::Update* update) {
  update->add_fields_for_preserving_frag_bitmap(static_cast<uint32_t>(field.id));
  for (const LanceField& child : field.children) AddAssigned(child, update);
}

}  // namespace eider::mutate
