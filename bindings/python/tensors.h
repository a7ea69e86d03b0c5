#pragma once
/// \file
/// Columns of a batch as torch tensors over the batch's own memory.

#include <eider/array.h>
#include <nanobind/nanobind.h>

#include <map>
#include <string>
#include <vector>

namespace eider::python {

/// What to do with nulls where a tensor has no word for them.
enum class NullPolicy { kError, kMask };

struct TensorOptions {
  NullPolicy nulls = NullPolicy::kError;
  /// Shape of one row, for columns of the arrow.fixed_shape_tensor extension type.
  std::map<std::string, std::vector<int64_t>> shapes;
};

/// \throws Error(kUnsupported) naming the column that cannot become a tensor.
void CheckTensorTypes(const Schema& schema);

/// name -> tensor, dict (lists, structs) or list (strings). `*bytes_copied` grows by what had to be copied: bits, and values
/// beside nulls. With kMask, a nullable column "x" has a bool tensor "x.valid" beside it.
/// \throws Error(kInvalid) naming a column with nulls, under kError.
nanobind::dict ToTensors(const RecordBatch& batch, const TensorOptions& options, uint64_t* bytes_copied);

}  // namespace eider::python
