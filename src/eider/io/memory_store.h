#pragma once
/// \file
/// Stores in the memory of this process.

#include "eider/io/store.h"

namespace eider::io {

/// "name/folder...": a folder of the memory called `name`, which lives as long as the process, or one that was put there since.
ObjectStorePtr OpenMemoryStore(std::string_view path);

}  // namespace eider::io
