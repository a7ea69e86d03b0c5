#pragma once
/// \file
/// Blobs behind the facade.

#include <eider/blob.h>

#include "eider/query/blob_places.h"

namespace eider {

/// Null for a place without a file.
BlobPtr MakeBlob(query::BlobPlace place);

}  // namespace eider
