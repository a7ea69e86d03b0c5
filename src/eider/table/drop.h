#pragma once
/// \file
/// Removal of whole tables.

#include "eider/io/store.h"

namespace eider::table {

/// Removes a table with all that lies below its root, what is not of the table too. Its versions go last, so that a removal that was cut
/// short can be repeated. False when there is nothing; an empty folder goes. \throws Error(kInvalid) for what is no table: none of its
/// manifests can be read.
bool DropTable(io::ObjectStore& store);

}  // namespace eider::table
