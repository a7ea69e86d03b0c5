#include "projection.h"

#include <eider/error.h>

namespace eider::python {
namespace {

std::string Join(const std::vector<std::string>& path) {
  std::string out;
  for (const std::string& name : path) out += (out.empty() ? "" : ".") + name;
  return out;
}

size_t IndexOf(const std::vector<Field>& fields, const std::string& name, const std::vector<std::string>& path) {
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].name == name) return i;
  }
  throw Error(ErrorKind::kNotFound, "no field '" + name + "' on the way to column '" + Join(path) + "'");
}

class ProjectedReader : public RecordBatchReader {
 public:
  ProjectedReader(std::unique_ptr<RecordBatchReader> reader, Projection projection)
      : reader_(std::move(reader)), projection_(std::move(projection)) {}
  const SchemaPtr& schema() const override { return projection_.schema(); }
  std::optional<RecordBatch> Next() override {
    const std::optional<RecordBatch> batch = reader_->Next();
    if (!batch) return std::nullopt;
    return projection_.Apply(*batch);
  }

 private:
  std::unique_ptr<RecordBatchReader> reader_;
  Projection projection_;
};

}  // namespace

Projection::Projection(const Schema& input, const std::vector<OutputColumn>& outputs) {
  auto schema = std::make_shared<Schema>();
  schema->metadata = input.metadata;
  for (const OutputColumn& output : outputs) {
    const std::vector<Field>* fields = &input.fields;
    std::vector<size_t> indices;
    Field field;
    bool nullable = false;
    for (const std::string& name : output.path) {
      if (!indices.empty() && field.type->id != TypeId::kStruct) {
        throw Error(ErrorKind::kUnsupported, "column '" + Join(output.path) + "': a field below " +
                                                 TypeToString(*field.type) + " cannot be a column of its own");
      }
      indices.push_back(IndexOf(*fields, name, output.path));
      field = (*fields)[indices.back()];
      nullable = nullable || field.nullable;
      fields = &field.type->children;
    }
    field.name = output.name;
    field.nullable = nullable;
    schema->fields.push_back(std::move(field));
    paths_.push_back(std::move(indices));
  }
  schema_ = std::move(schema);
}

RecordBatch Projection::Apply(const RecordBatch& batch) const {
  RecordBatch out{schema_, batch.num_rows, {}};
  for (const std::vector<size_t>& path : paths_) {
    ArrayPtr column = batch.columns[path[0]];
    for (size_t depth = 1; depth < path.size(); ++depth) column = StructChild(*column, path[depth]);
    out.columns.push_back(std::move(column));
  }
  return out;
}

std::unique_ptr<RecordBatchReader> ProjectReader(std::unique_ptr<RecordBatchReader> reader, Projection projection) {
  return std::make_unique<ProjectedReader>(std::move(reader), std::move(projection));
}

}  // namespace eider::python
