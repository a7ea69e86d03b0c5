#pragma once
/// \file
/// Publishes a local file under a name that must not exist yet: the one step of a commit that must be atomic.

#include <string>

#include "eider/base/bytes.h"

namespace eider::io {

/// Writes `bytes` to an unnamed (or temporary) file, fsyncs it when `sync`, then links it to `path`. False when the name is
/// taken. The folder exists; its entry is not synced.
bool PutExclusively(const std::string& path, ByteSpan bytes, bool sync);
/// Writes `bytes` over a file of at most that size that has no other name. False, and nothing changed, when there is none such.
bool OverwriteFile(const std::string& path, ByteSpan bytes);

}  // namespace eider::io
