#pragma once
/// \file
/// One local file: open for reading (mapped where possible), or being written under a temporary name.

#include <mutex>

#include "eider/io/folder_maker.h"
#include "eider/io/mapping_cache.h"
#include "eider/io/posix_file.h"
#include "eider/io/store.h"

namespace eider::io {

/// Files up to this size are copied into memory: to map, touch and unmap one costs more.
inline constexpr uint64_t kCopiedBytes = 8 << 10;

/// \throws Error(kNotFound) when `path` is missing or no regular file. `known_size` 0: unknown.
ReadableFilePtr OpenLocalFile(const std::string& path, uint64_t known_size, bool map_file, IoCountersPtr counters);

/// The identity of a regular file, or nullopt when there is none.
std::optional<FileIdentity> StatFile(const std::string& path);

/// Writes to a temporary name beside `path`; the folder exists. `folders` must outlive the file.
std::unique_ptr<WritableFile> CreateLocalFile(const std::string& path, std::shared_ptr<FolderMaker> folders, IoCountersPtr counters);

}  // namespace eider::io
