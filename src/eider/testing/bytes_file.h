#pragma once
/// \file
/// A file in memory that says that it is mapped, or has to be read.

#include <string>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"
#include "eider/io/store.h"

namespace eider::testing {

class BytesFile final : public io::ReadableFile {
 public:
  BytesFile(ByteSpan bytes, bool mapped, std::string path = "x.lance")
      : path_(std::move(path)), bytes_(CopyToBuffer(bytes)), mapped_(mapped) {}
  const std::string& path() const override { return path_; }
  uint64_t size() const override { return bytes_.size(); }
  Buffer Mapped() const override { return mapped_ ? bytes_ : Buffer(); }
  Buffer Read(ByteRange range) const override {
    return CopyToBuffer(CheckedSubspan(bytes_.span(), range.offset, range.length, "read"));
  }

 private:
  const std::string path_;
  const Buffer bytes_;
  const bool mapped_;
};

}  // namespace eider::testing
