#pragma once
/// \file
/// Seeds of zone maps: what the reference writes into the data files of a table that has a zone map of a column, for the index to read.
/// They say of each zone of rows what our own statistics say of pages.
///
///     schema metadata of the file     "lance.seed.<column>" = "<global buffer>:<rows of a zone>"
///     global buffer, an Arrow file    min, max: of the column's type, null where a zone is all null; null_count, nan_count: u32;
///                                     zone_length: u64: rows; one row for each zone
///
/// NaN is greater than every number: a zone with one has it as max, a zone of nothing else no min. Nothing needs a seed to read: one that contradicts the file, or
/// is larger than kMaxSeedBytes or kMaxZones, counts for nothing.

#include <eider/schema.h>

#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "eider/base/fork_safe_mutex.h"
#include "eider/file/file_reader.h"
#include "eider/page/page_statistics.h"

namespace eider::file {

constexpr uint64_t kMaxSeedBytes = 16 << 20;
constexpr uint64_t kMaxZones = 1 << 18;

/// The global buffer with the seed of a top-level field, which is found by its id.
std::optional<uint32_t> FindSeed(const LanceSchema& file_schema, const LanceField& field);

struct Zones {
  std::vector<uint64_t> first_rows;  ///< and the end
  std::vector<page::PageStatistics> statistics;
};
/// \throws Error(kCorrupt), Error(kUnsupported) for bytes that are no seed of `num_rows` values of `type`
Zones ReadSeed(ByteSpan bytes, const TypePtr& type, uint64_t num_rows);

/// The seeds of a file, as far as they were asked for. Thread-safe.
class ZoneSeeds {
 public:
  /// `read`: the bytes of the field's seed, called at most once for each field. Empty when there are none. The statistics live as long
  /// as this.
  std::vector<PageFacts> Facts(const LanceField& leaf, uint64_t num_rows,
                               const std::function<std::optional<Buffer>(const LanceField&)>& read) const;

 private:
  mutable ForkSafeMutex mutex_;
  mutable std::map<int32_t, Zones> known_;
};

}  // namespace eider::file
