#pragma once
/// \file
/// Writes a stream of batches into the data files of new fragments, rolling to the next file by rows and bytes.

#include <eider/array.h>
#include <eider/dataset.h>
#include <eider/schema.h>

#include <vector>

#include "eider/file/file_writer.h"
#include "eider/io/store.h"
#include "eider/table/fragment.h"

namespace eider::mutate {

struct WriteFragmentsOptions {
  file::FileVersion version{2, 2};
  uint64_t max_rows_per_file = 1024 * 1024;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool sync = true;
  std::shared_ptr<Session> session;
};

/// Fragments with id 0 ("assign at commit"), one data file each. Batches must have exactly the columns of `schema`, in
/// order. No rows, no fragments. When it throws, the files written so far are removed.
std::vector<table::DataFragmentProto> WriteFragments(RecordBatchReader& data, const LanceSchema& schema,
                                                     const io::ObjectStorePtr& store, const WriteFragmentsOptions& options);

}  // namespace eider::mutate
