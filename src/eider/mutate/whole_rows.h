#pragma once
/// \file
/// Reads rows with all of their columns, in order to write them again.

#include <eider/scan_options.h>

#include "eider/query/table_reader.h"

namespace eider::mutate {

/// Every column of the table, bytes of blobs included, in batches of some 32 MiB.
ScanOptions WholeRows(const LanceSchema& table);
/// \throws Error(kUnsupported) when a blob of the fragments (unset: of all) lies outside of the table: its bytes would be copied.
void RequireOwnBlobs(const query::TableReader& table, const std::optional<std::vector<uint64_t>>& fragment_ids = {});
/// Of a scan with WholeRows(), for the writer: bytes of blobs are blobs again. The schema may have system columns at its end: they are
/// dropped. \throws Error(kUnsupported) for blobs below other columns, naming the column
Schema WholeRowsSchema(const Schema& read, const LanceSchema& table);

}  // namespace eider::mutate
