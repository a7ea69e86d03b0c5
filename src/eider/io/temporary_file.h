#pragma once
/// \file
/// A file for what does not fit in memory. It has no name, so that nothing is left of it however the process ends.

#include "eider/io/posix_file.h"

namespace eider::io {

/// Where they are made: EIDER_SPILL_FOLDER, else TMPDIR, else /var/tmp.
std::string SpillFolder();

class TemporaryFile {
 public:
  /// \throws Error(kIo, kNotFound) naming the folder and what to set
  explicit TemporaryFile(std::string folder);
  uint64_t size() const { return size_; }
  /// \throws Error(kIo) when the disk is full, naming the folder
  void Append(ByteSpan bytes);
  /// Thread-safe. \pre the range lies within size()
  void Read(uint64_t offset, MutableByteSpan out) const { ReadExactly(fd_.get(), offset, out, folder_); }

 private:
  const std::string folder_;
  UniqueFd fd_;
  uint64_t size_ = 0;
};

}  // namespace eider::io
