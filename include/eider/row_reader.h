#pragma once
/// \file
/// Reads rows by position: what a loader asks of a dataset.

#include <eider/array.h>
#include <eider/export.h>
#include <eider/scan_options.h>
#include <eider/session.h>

#include <memory>
#include <span>

namespace eider {

/// The live rows of one version, in row order. Thread-safe.
class EIDER_EXPORT RowReader {
 public:
  virtual ~RowReader() = default;
  virtual uint64_t version() const = 0;
  virtual const std::shared_ptr<Session>& session() const = 0;
  virtual uint64_t CountRows() const = 0;
  /// Rows [first, first + count) as one batch; a plain fixed-width column inside one page is a view of the file.
  virtual RecordBatch ReadRange(uint64_t first, uint64_t count, const ScanOptions& options = {}) const = 0;
  /// Rows by position, order and duplicates kept. \throws Error(kInvalid) naming an index out of range.
  virtual RecordBatch Take(std::span<const uint64_t> positions, const ScanOptions& options = {}) const = 0;
};
using RowReaderPtr = std::shared_ptr<const RowReader>;

}  // namespace eider
