#pragma once
/// \file
/// System calls on local files, each result checked and each failure named: "write '/a/b': No space left on device".

#include <string>
#include <string_view>

#include "eider/base/bytes.h"

namespace eider::io {

/// Tells the test observer, before the call is made.
void Observe(std::string_view operation, std::string_view path);

/// kNotFound for a missing file or folder, else kIo.
[[noreturn]] void ThrowErrno(std::string_view operation, std::string_view path, int code);

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& o) noexcept : fd_(o.Release()) {}
  UniqueFd& operator=(UniqueFd&& o) noexcept;
  ~UniqueFd() { Reset(); }
  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release();
  void Reset();

 private:
  int fd_ = -1;
};

UniqueFd OpenForRead(const std::string& path);
/// Fills `out` from `offset`, whatever signals and short reads come. \throws Error(kIo) at an early end of the file too.
void ReadExactly(int fd, uint64_t offset, MutableByteSpan out, const std::string& path);
void WriteAll(int fd, ByteSpan bytes, const std::string& path);
void SyncFile(int fd, const std::string& path);
void SyncFolderEntry(const std::string& folder);
/// Closes and checks: some file systems report a failed write here.
void CloseChecked(UniqueFd fd, const std::string& path);
void RenameFile(const std::string& from, const std::string& to);
/// A name for a file being written, in the same folder.
std::string TemporaryName(const std::string& path);

}  // namespace eider::io
