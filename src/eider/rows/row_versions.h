#pragma once
/// \file
/// The versions that created or last updated the rows of a fragment, in physical order, deleted rows included: runs of
/// rows that share a version.

#include <cstdint>
#include <string>
#include <vector>

#include "eider/base/bytes.h"

namespace eider::rows {

class RowVersions {
 public:
  /// `max_rows` (the fragment's physical rows) bounds the rows. \throws Error(kCorrupt)
  static RowVersions Parse(ByteSpan bytes, uint64_t max_rows);
  /// Spans are ranges that count on; readers look at their lengths alone.
  std::string Serialize() const;

  void Append(uint64_t version, uint64_t num_rows);
  uint64_t size() const { return ends_.empty() ? 0 : ends_.back(); }
  /// Versions of rows [first, first + count).
  void Read(uint64_t first, uint64_t count, uint64_t* out) const;

 private:
  std::vector<uint64_t> versions_;
  std::vector<uint64_t> ends_;  ///< rows in runs [0, i]
};

/// A serialized sequence of one run: `num_rows` rows, all of `version`.
std::string MakeVersionSequence(uint64_t num_rows, uint64_t version);

}  // namespace eider::rows
