#pragma once
/// \file
/// The hash of Bloom filters in the format: xxHash64 with seed 0.

#include "eider/base/bytes.h"

namespace eider {

uint64_t XxHash64(ByteSpan bytes);

}  // namespace eider
