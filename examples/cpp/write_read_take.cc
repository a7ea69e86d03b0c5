// Writes a small dataset, reads it back in order, takes a few rows, and appends: the public C++ API in one page.
//
//   write_read_take <folder that does not exist yet>

#include <eider/dataset.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

namespace {

/// An array over a vector, which it keeps alive: nothing is copied.
template <typename T>
eider::ArrayPtr MakeArray(eider::TypePtr type, std::vector<T> values) {
  auto owner = std::make_shared<std::vector<T>>(std::move(values));
  auto array = std::make_shared<eider::Array>();
  array->type = std::move(type);
  array->length = int64_t(owner->size());
  array->null_count = 0;
  array->buffers = {eider::Buffer(reinterpret_cast<const uint8_t*>(owner->data()), owner->size() * sizeof(T), owner)};
  return array;
}

/// Points with an id and a vector of three floats.
eider::RecordBatch MakeBatch(int64_t first_id, int64_t count) {
  std::vector<int64_t> ids;
  std::vector<float> coordinates;
  for (int64_t i = 0; i < count; ++i) {
    ids.push_back(first_id + i);
    for (int axis = 0; axis < 3; ++axis) coordinates.push_back(float(first_id + i) + 0.1f * float(axis));
  }
  const eider::TypePtr float_type = eider::MakeType(eider::TypeId::kFloat);
  auto vector_type = std::make_shared<eider::DataType>();
  vector_type->id = eider::TypeId::kFixedSizeList;
  vector_type->list_size = 3;
  vector_type->children = {{.name = "item", .type = float_type}};

  auto vectors = std::make_shared<eider::Array>();
  vectors->type = vector_type;
  vectors->length = count;
  vectors->null_count = 0;
  vectors->children = {MakeArray(float_type, std::move(coordinates))};

  eider::Schema schema;
  schema.fields = {{.name = "id", .type = eider::MakeType(eider::TypeId::kInt64), .nullable = false},
                   {.name = "point", .type = vector_type}};
  return {std::make_shared<const eider::Schema>(schema), count,
          {MakeArray(eider::MakeType(eider::TypeId::kInt64), std::move(ids)), vectors}};
}

const int64_t* Ids(const eider::RecordBatch& batch) {
  const eider::Array& column = *batch.columns[size_t(batch.schema->FieldIndex("id"))];
  return column.buffers[0].as<int64_t>() + column.offset;
}

void Check(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(what);
}

eider::DatasetPtr Write(const std::string& uri, const eider::RecordBatch& batch, eider::WriteMode mode) {
  const auto reader = eider::MakeBatchReader(batch.schema, {batch});
  return eider::Dataset::Write(*reader, uri, {.mode = mode});
}

void Run(const std::string& uri) {
  Write(uri, MakeBatch(0, 1000), eider::WriteMode::kCreate);
  const eider::DatasetPtr dataset = Write(uri, MakeBatch(1000, 500), eider::WriteMode::kAppend);
  std::printf("version %llu has %llu rows\n", (unsigned long long)dataset->version(), (unsigned long long)dataset->CountRows());
  Check(dataset->CountRows() == 1500, "rows after append");

  int64_t sum = 0;
  const auto scan = dataset->Scan({.columns = {{"id"}}});
  while (const std::optional<eider::RecordBatch> batch = scan->Next()) {
    for (int64_t i = 0; i < batch->num_rows; ++i) sum += Ids(*batch)[i];
  }
  std::printf("sum of ids: %lld\n", (long long)sum);
  Check(sum == 1499 * 1500 / 2, "sum of ids");

  const std::vector<uint64_t> positions{1203, 7, 7, 999};
  const eider::RecordBatch taken = dataset->Take(positions);
  for (int64_t i = 0; i < taken.num_rows; ++i) {
    std::printf("row %llu has id %lld\n", (unsigned long long)positions[size_t(i)], (long long)Ids(taken)[i]);
    Check(Ids(taken)[i] == int64_t(positions[size_t(i)]), "id of a taken row");
  }
  Check(eider::Dataset::Open(uri, {.version = 1})->CountRows() == 1000, "rows of version 1");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: %s <new folder>\n", argv[0]), 2;
  try {
    Run(argv[1]);
    return 0;
  } catch (const eider::Error& error) {
    std::fprintf(stderr, "%s: %s\n", eider::ErrorKindName(error.kind()), error.what());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
