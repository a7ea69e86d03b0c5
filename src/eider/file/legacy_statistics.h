#pragma once
/// \file
/// Statistics of the batches of a data file of version 0.1 (minor 2): null count, least and greatest value of each leaf field. They
/// tell of what was written, which is not what is read: where nulls were, the bytes below them are read as values. A batch with nulls
/// therefore has no statistics here.
///
///     metadata.statistics:  schema, field ids, position of the page table
///     page table:           for each id from the least to the largest: i64 position, i64 length = batches

#include <eider/schema.h>
#include <eider/stats.h>

#include <string>
#include <vector>

#include "eider/io/store.h"
#include "eider/page/legacy/legacy_page.h"
#include "eider/page/page_statistics.h"

namespace eider::file {

/// All values of a page of a leaf type. \throws Error(kCorrupt)
ArrayPtr ReadLegacyArray(const io::ReadableFile& file, const page::legacy::LegacyPage& page, const TypePtr& type, ScanStats* stats);

/// By batch; empty when the file has none of this field, or such as contradict the file: nothing needs them to read.
/// `metadata`: a StatisticsMetadata message.
std::vector<page::PageStatistics> ReadLegacyStatistics(const io::ReadableFile& file, const std::string& metadata, const LanceField& leaf,
                                                       uint64_t num_batches, ScanStats* stats);

}  // namespace eider::file
