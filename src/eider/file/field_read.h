#pragma once
/// \file
/// Reads whole fields of files before 2.1: a tree of reads that follows the schema. Lists read their ends first and ask for
/// their items then.

#include "eider/file/file_reader.h"
#include "eider/file/stored_column.h"

namespace eider::file {

/// Reads `rows` of a field of a file of `num_rows`. \throws Error naming the column
page::ArrayReadPtr MakeFieldRead(const ColumnProjection& projection, const StoredColumns& columns, uint64_t num_rows,
                                 page::RowRanges rows);

/// Every top-level column. In 2.0 fields have columns depth-first, structs and lists included; in 0.1 they go by their ids.
std::vector<ColumnProjection> AllStoredColumns(const LanceSchema& schema, const StoredColumns& columns);

/// Runs all reads, their requests merged; one array each.
std::vector<ArrayPtr> FinishReads(const io::ReadableFile& file, std::span<const page::ArrayReadPtr> reads, const ReadContext& context);

}  // namespace eider::file
