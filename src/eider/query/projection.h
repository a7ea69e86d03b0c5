#pragma once
/// \file
/// Resolves a projected schema against the data files of one fragment: which file holds which leaf, and how columns whose
/// leaves lie in several files are put together again.

#include <eider/schema.h>

#include <span>
#include <vector>

#include "eider/file/file_reader.h"
#include "eider/proto/table.pb.h"

namespace eider::query {

/// The columns to read from one data file of a fragment.
struct FileProjection {
  int file_index = 0;
  std::vector<file::ColumnProjection> columns;
  std::vector<int> outputs;  ///< top-level output position of each column
};

/// How one fragment answers a projected schema.
struct FragmentProjection {
  std::vector<FileProjection> files;
  std::vector<int> all_null;  ///< output positions that no file holds
  /// By output position: the only place that has it.
  struct Place {
    int file = -1;    ///< of `files`; -1: none, or several
    int column = -1;  ///< of its columns
  };
  std::vector<Place> places;
};

/// \throws Error(kUnsupported) for a list column whose leaves lie in different files.
FragmentProjection ResolveProjection(const lance::table::DataFragment& fragment, const LanceSchema& projected);

/// Leaves of `field` in depth-first order.
void CollectLeaves(const LanceField& field, std::vector<const LanceField*>* leaves);

/// Merges two readings of one struct column, each with some of the children, into the children order of `field`.
ArrayPtr MergeStructs(const LanceField& field, const ArrayPtr& a, const ArrayPtr& b);

}  // namespace eider::query
