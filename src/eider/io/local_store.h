#pragma once
/// \file
/// A folder of the local file system as an object store.

#include "eider/io/store.h"

namespace eider::io {

struct LocalStoreOptions {
  bool map_files = true;  ///< false: every read is a pread
};

/// `folder` need not exist: it is made by the first write.
ObjectStorePtr MakeLocalStore(std::string folder, const LocalStoreOptions& options = {});

}  // namespace eider::io
