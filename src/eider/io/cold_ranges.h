#pragma once
/// \file
/// Mapped bytes that are about to be read here and there. Where they are not in memory a fault costs a visit to the disk, and
/// faults come one after the other: this notices it, by a few samples and then by the clock, and asks for the bytes ahead all at once.

#include <cstdint>
#include <span>

#include "eider/base/bytes.h"

namespace eider::io {

class ColdRanges {
 public:
  /// `spans` lie in mapped files (elsewhere nothing happens but a look) and outlive this.
  explicit ColdRanges(std::span<const ByteSpan> spans) : spans_(spans) {}

  /// Spans [begin, end) are read next, and all before have been read. A fraction of a microsecond while memory has them.
  void Expect(size_t begin, size_t end);
  bool is_cold() const { return is_cold_; }

 private:
  bool AnySampleIsMissing(size_t begin, size_t end) const;

  const std::span<const ByteSpan> spans_;
  int64_t looked_ns_ = 0;    ///< when Expect returned last
  size_t looked_spans_ = 0;  ///< those that were to be read after it
  size_t asked_ = 0;         ///< spans before have been asked for
  bool is_cold_ = false;
};

}  // namespace eider::io
