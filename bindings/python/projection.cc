#include "projection.h"

#include <eider/error.h>

namespace eider::python {
namespace {

bool GetBit(const Buffer& bits, int64_t i) { return (bits.data()[i >> 3] >> (i & 7)) & 1; }

/// `child` with the nulls of its parent added. Both windows have the same length.
ArrayPtr AddParentNulls(const Array& parent, const ArrayPtr& child) {
  const int64_t end = child->offset + child->length;
  const auto size = static_cast<size_t>((end + 7) / 8);
  const std::shared_ptr<uint8_t[]> bits(new uint8_t[size]());
  for (int64_t i = 0; i < child->length; ++i) {
    const int64_t at = child->offset + i;
    const bool valid =
        GetBit(parent.validity, parent.offset + i) && (!child->validity.present() || GetBit(child->validity, at));
    if (valid) bits[static_cast<size_t>(at >> 3)] |= static_cast<uint8_t>(1 << (at & 7));
  }
  auto out = std::make_shared<Array>(*child);
  out->validity = Buffer(bits.get(), size, bits);
  out->null_count = -1;
  return out;
}

ArrayPtr Descend(const ArrayPtr& parent, size_t index) {
  ArrayPtr child = SliceArray(parent->children[index], parent->offset, parent->length);
  if (!parent->validity.present() || parent->null_count == 0 || child->type->id == TypeId::kNull) return child;
  return AddParentNulls(*parent, child);
}

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
    for (size_t depth = 1; depth < path.size(); ++depth) column = Descend(column, path[depth]);
    out.columns.push_back(std::move(column));
  }
  return out;
}

std::unique_ptr<RecordBatchReader> ProjectReader(std::unique_ptr<RecordBatchReader> reader, Projection projection) {
  return std::make_unique<ProjectedReader>(std::move(reader), std::move(projection));
}

}  // namespace eider::python
