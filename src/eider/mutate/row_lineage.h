#pragma once
/// \file
/// Stable row ids, and the versions that go with them, of rows that are written again: read beside the rows, given to the fragments
/// that hold them now. Nothing happens in tables without stable row ids.

#include <eider/scan_options.h>

#include "eider/query/table_reader.h"

namespace eider::mutate {

/// What changes for a row: where it is, or also what it holds, so that the commit says when it was updated.
enum class Rewriting { kMove, kUpdate };

class RowLineage {
 public:
  RowLineage(const table::Manifest& manifest, Rewriting rewriting);

  /// Adds the columns to a scan; Take() expects them last in its batches.
  void AddColumns(ScanOptions* options) const;
  void Take(RecordBatch* batch);
  /// Gives the rows taken so far, in their order, to fragments that hold them in that order. Rows beyond them are new.
  void GiveTo(std::span<table::DataFragmentProto> fragments) const;

 private:
  /// `count` values that count on from `start`, or are all the same.
  struct Run {
    uint64_t start, count;
  };
  class Runs;
  std::vector<std::string> columns_;
  std::vector<std::vector<Run>> runs_;  ///< by column; ids first
};

}  // namespace eider::mutate
