#pragma once
/// \file
/// Merges the small files of a fragment, as many additions of columns leave them. Large files are neither read nor written.

#include "eider/mutate/write_fragments.h"
#include "eider/query/table_reader.h"

namespace eider::mutate {

/// Positions of the files that are worth a merge: the smallest ones, up to the largest that is no more than twice those before it together.
/// So what a value costs in merges grows with the logarithm of the number of files alone. Never one with blobs, or of unknown size.
std::vector<int> SmallFiles(const table::Fragment& fragment, const LanceSchema& table);

/// The fragment with one file in place of its small ones. Its id, rows and deletions stay. \pre there are some
table::DataFragmentProto MergeSmallFiles(const query::TableReader& table, size_t fragment, NewDataFiles* files);

}  // namespace eider::mutate
