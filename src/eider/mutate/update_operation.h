#pragma once
/// \file
/// What operations that write rows anew say in their transactions.

#include <eider/schema.h>

#include "eider/table/manifest.h"

namespace eider::mutate {

/// The field and those below it have new values.
void AddAssigned(const LanceField& field, table::TransactionProto::Update* update);

}  // namespace eider::mutate
