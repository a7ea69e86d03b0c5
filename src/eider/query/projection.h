#pragma once
/// \file
/// Resolves a projected schema against the data files of one fragment: which file holds which leaf.

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
  /// By output position: the only place that says anything of it.
  struct Place {
    int file = -1;    ///< of `files`; -1: none, or several
    int column = -1;  ///< of its columns
  };
  std::vector<Place> places;
  /// A leaf that is not asked for, of a file that holds none of those that are: where they say that a struct is null, it may not.
  struct Witness {
    int file_index = 0;
    int output = 0;
    file::ColumnProjection column;
  };
  std::vector<Witness> witnesses;
};

/// `table`: all of its fields. \throws Error(kUnsupported) for a map, or a list in files of version 2.0, whose leaves lie in
/// different files.
FragmentProjection ResolveProjection(const lance::table::DataFragment& fragment, const LanceSchema& projected,
                                     const LanceSchema& table);

/// Leaves of `field` in depth-first order.
void CollectLeaves(const LanceField& field, std::vector<const LanceField*>* leaves);

}  // namespace eider::query
