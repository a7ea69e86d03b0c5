#pragma once
/// \file
/// One local file: open for reading (mapped where possible), or being written under a temporary name.

#include <mutex>

#include "eider/io/folder_maker.h"
#include "eider/io/mapping_cache.h"
#include "eider/io/posix_file.h"
#include "eider/io/store.h"

namespace eider::io {

/// \throws Error(kNotFound) when `path` is missing or no regular file. `known_size` 0: unknown.
ReadableFilePtr OpenLocalFile(const std::string& path, uint64_t known_size, bool map_file);

/// The identity of a regular file, or nullopt when there is none.
std::optional<FileIdentity> StatFile(const std::string& path);

/// What StateName() of a file says that is opened at `path`, when it is the one open here. Empty where it is unknown.
std::string StateOfFile(int fd, const std::string& path);

/// Writes to a temporary name beside `path`; the folder exists. `folders` must outlive the file.
std::unique_ptr<WritableFile> CreateLocalFile(const std::string& path, std::shared_ptr<FolderMaker> folders);

}  // namespace eider::io
