#pragma once
/// \file
/// Stores in the memory of this process.

#include "eider/io/store.h"

namespace eider::io {

/// "name/folder...": a folder of the memory called `name`, which lives as long as the process.
ObjectStorePtr OpenMemoryStore(std::string_view name_and_folder);

}  // namespace eider::io
