#pragma once
/// \file
/// Reads all of a data file and says what is damaged.
///
/// With checksums every unit of every page, all metadata and every value of a blob column is held against its sum. Without, columns are
/// decoded block by block, which finds less. Pages are checked in parallel; memory stays within a block for each thread.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "eider/file/file_reader.h"

namespace eider::file {

struct FileDamage {
  std::string column;  ///< "" when it is none, or not known
  std::optional<uint64_t> page;
  bool is_missing = false;  ///< a side-car
  std::string what;
};

struct FileCheck {
  std::vector<FileDamage> damage;
  bool has_checksums = false;
  uint64_t num_pages = 0, num_blobs = 0, bytes_read = 0;
};

/// Checks the file's metadata and, with `read_data`, its contents. `open_side_car` gives the side-car of this number.
/// \throws Error(kCancelled), whatever an interrupt hook throws; damage is returned.
FileCheck CheckFile(const FileReader& reader, Session& session, bool read_data,
                    const std::function<io::ReadableFilePtr(uint32_t)>& open_side_car);

}  // namespace eider::file
