#pragma once
/// \file
/// Checksums of the values of blob columns, in the data file and in its side-cars: a global buffer of their own, the one before the
/// checksums of the rest (checksums.h), so that who reads no blobs does not read them.
///
///     header   8  "EIDERBLB"
///              4  u32 groups N
///              4  u32 units, of all groups
///              4  u32 sum of the header up to here and of the index
///     index    28xN, by file and position
///              4  u32 file: 0 the data file, else the number of a side-car
///              4  u32 units of the groups written before
///              8  u64 position of the first value in its file
///              4  u32 where the group starts, from the start of this buffer;  4  u32 its bytes
///              4  u32 sum of the group
///     groups   of up to 64 values that follow each other in their file, each
///              varint bytes between the end of the value before (of the first: its own position) and it;  varint its bytes;
///              4  u32 sum of each unit
///
/// A unit is a block of 64 KiB of a value, the last one shorter. Every value that has bytes is listed: one that is not is corrupt.
/// A read verifies the units that it reads whole, and reads nothing of the value for it.

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/base/memory.h"
#include "eider/io/store.h"

namespace eider::file {

/// Collects the sums of values as they are written; keeps 4 bytes per unit and about 3 per value.
class BlobSumWriter {
 public:
  /// Values of one file come in the order of their positions. \pre `value` has bytes.
  void Add(uint32_t side_car, uint64_t position, ByteSpan value);
  /// The whole buffer.
  BufferBuilder Serialize();

 private:
  struct Group {
    uint64_t position = 0, end = 0;
    uint32_t values = 0, units = 0;
    BufferBuilder bytes;
  };
  struct Entry {
    uint32_t file, first_unit;
    uint64_t position, begin;
    uint32_t length, sum;
  };
  void Close(uint32_t file, const Group& group);

  std::map<uint32_t, Group> open_;  ///< by file
  std::vector<Entry> index_;
  BufferBuilder groups_;
  uint64_t num_units_ = 0;
};

/// A value, and which of its bytes were read.
struct BlobRead {
  uint32_t side_car = 0;  ///< 0: of the data file
  ByteRange blob;         ///< the whole value in its file
  uint64_t offset = 0;    ///< of `bytes` in the value
  ByteSpan bytes;
  bool is_mapped = false; ///< bytes that were right once stay so
};

/// The sums of an open data file. Thread-safe.
class BlobSums {
 public:
  /// `range` of `file` is the buffer; nothing is read before the first check.
  BlobSums(io::ReadableFilePtr file, ByteRange range) : file_(std::move(file)), range_(range) {}
  ~BlobSums();
  BlobSums(const BlobSums&) = delete;
  BlobSums& operator=(const BlobSums&) = delete;

  /// \throws Error(kCorrupt) naming the block whose sum differs, or the value that has none.
  void Check(const BlobRead& read, ScanStats* stats) const;
  /// For every value: calls `each` with its bytes and a function that reads it all and throws as Check does. `open_side_car` gives the
  /// side-car of this number. \throws Error(kCorrupt) when the sums themselves are damaged.
  void CheckAll(const std::function<io::ReadableFilePtr(uint32_t)>& open_side_car,
                const std::function<void(uint64_t length, const std::function<void()>& check)>& each) const;

 private:
  class Table;
  const Table& Load(ScanStats* stats) const;

  const io::ReadableFilePtr file_;
  const ByteRange range_;
  mutable std::atomic<const Table*> table_{nullptr};
};

}  // namespace eider::file
