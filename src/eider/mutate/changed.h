#pragma once
/// \file
/// What became of a change of rows.

#include "eider/table/snapshot.h"

namespace eider::mutate {

struct Changed {
  table::Snapshot snapshot;  ///< the version that was read, when no row passed the filter
  uint64_t num_rows = 0;
};

}  // namespace eider::mutate
