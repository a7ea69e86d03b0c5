#pragma once
/// \file
/// Blobs: large values of a dataset as things that can be read in part.

#include <eider/buffer.h>
#include <eider/export.h>
#include <eider/stats.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eider {

/// How rows of a dataset are named.
enum class RowNaming : uint8_t {
  kPosition,  ///< among the live rows
  kAddress,   ///< fragment << 32 | offset, deleted rows counted
  kId,        ///< stable row ids, or addresses where the dataset has none
};

/// In the place of the position of a row that is not there.
inline constexpr uint64_t kNoRow = UINT64_MAX;

/// What becomes of values to be written that name an object elsewhere.
enum class ExternalBlobs : uint8_t {
  kRefuse,     ///< an error
  kReference,  ///< the URI is kept
  kIngest,     ///< the bytes are read and stored like others
};

/// One value: a range of a file, which it keeps open. Immutable, thread-safe; outlives the dataset.
class EIDER_EXPORT Blob {
 public:
  virtual ~Blob() = default;
  virtual uint64_t size() const = 0;
  /// Where the bytes lie, for reading them with other means.
  virtual const std::string& path() const = 0;
  virtual uint64_t offset() const = 0;
  /// Bytes [offset, offset + length) of the blob and no others: a view where the file is mapped. \throws Error(kInvalid) when the range
  /// leaves the blob.
  virtual Buffer Read(uint64_t offset, uint64_t length, ScanStats* stats = nullptr) const = 0;
};
using BlobPtr = std::shared_ptr<const Blob>;

/// A whole blob, read together with others.
struct BlobBytes {
  uint64_t address = 0;         ///< of its row
  std::optional<Buffer> bytes;  ///< nullopt: null
};

}  // namespace eider
