#pragma once
/// \file
/// Columns of a file of version 2.0: the metadata of each, parsed when it is first touched.

#include <map>

#include "eider/base/fork_safe_mutex.h"
#include "eider/file/file_tail.h"
#include "eider/file/stored_column.h"
#include "eider/proto/encodings20.pb.h"

namespace eider::file {

class ArrayColumns final : public StoredColumns {
 public:
  /// `file` and `tail` outlive the columns.
  ArrayColumns(const io::ReadableFile& file, const FileTail& tail);
  const StoredColumn& Column(int32_t index) const override;

 private:
  const io::ReadableFile& file_;
  const FileTail& tail_;
  const Buffer mapping_;
  std::vector<ByteRange> global_buffers_;
  mutable ForkSafeMutex mutex_;
  mutable std::map<int32_t, std::unique_ptr<const StoredColumn>> columns_;
};

}  // namespace eider::file
