#pragma once
/// \file
/// The last step of a scan: which columns come out, under which names. A nested field comes out as a column of its own,
/// null wherever an ancestor is null.

#include <eider/array.h>

#include <string>
#include <utility>
#include <vector>

namespace eider::python {

struct OutputColumn {
  std::string name;
  std::vector<std::string> path;  ///< from the top-level column down through structs
};

class Projection {
 public:
  Projection(const Schema& input, const std::vector<OutputColumn>& outputs);
  const SchemaPtr& schema() const { return schema_; }
  RecordBatch Apply(const RecordBatch& batch) const;

 private:
  std::vector<std::vector<size_t>> paths_;  ///< child positions, from the top
  SchemaPtr schema_;
};

/// The reader with the projection applied to each batch.
std::unique_ptr<RecordBatchReader> ProjectReader(std::unique_ptr<RecordBatchReader> reader, Projection projection);

}  // namespace eider::python
