#pragma once
/// \file
/// Test only: streams of int64 columns, and the error that something throws.

#include <eider/array.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "eider/base/error.h"
#include "eider/base/memory.h"

namespace eider::testing {

using Values = std::vector<std::optional<int64_t>>;

inline ArrayPtr Ints(const Values& values) {
  BufferBuilder data;
  BitBuilder valid;
  for (const auto& value : values) {
    data.AppendValue<int64_t>(value.value_or(0));
    valid.AppendBit(value.has_value());
  }
  auto array = std::make_shared<Array>();
  array->type = MakeType(TypeId::kInt64);
  array->length = static_cast<int64_t>(values.size());
  array->validity = valid.Finish();
  array->buffers = {data.Finish()};
  return array;
}

inline Values Range(int64_t from, int64_t to) {
  Values values;
  for (; from < to; ++from) values.emplace_back(from);
  return values;
}

struct Column {
  std::string name;
  Values values;
  bool nullable = true;
};

inline std::unique_ptr<RecordBatchReader> Stream(const std::vector<Column>& columns, int64_t batch_rows = 7) {
  auto schema = std::make_shared<Schema>();
  std::vector<ArrayPtr> arrays;
  for (const Column& column : columns) {
    schema->fields.push_back({.name = column.name, .type = MakeType(TypeId::kInt64), .nullable = column.nullable});
    arrays.push_back(Ints(column.values));
  }
  std::vector<RecordBatch> batches;
  const int64_t num_rows = arrays.empty() ? 0 : arrays[0]->length;
  for (int64_t first = 0; first < num_rows; first += batch_rows) {
    RecordBatch batch{.schema = schema, .num_rows = std::min(batch_rows, num_rows - first)};
    for (const ArrayPtr& array : arrays) batch.columns.push_back(SliceArray(array, first, batch.num_rows));
    batches.push_back(std::move(batch));
  }
  return MakeBatchReader(schema, std::move(batches));
}

inline Error ErrorOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::kIo, "");
}

}  // namespace eider::testing
