#include "eider/query/spilled_batches.h"

#include <gtest/gtest.h>

#include "eider/array/equal.h"
#include "eider/testing/arrays.h"

namespace eider::query {
namespace {

SchemaPtr SchemaWith(const TypePtr& type) { return std::make_shared<const Schema>(Schema{.fields = {{.name = "c", .type = type}}, .metadata = {}}); }

RecordBatch BatchWith(const ArrayPtr& column) { return {.schema = SchemaWith(column->type), .num_rows = column->length, .columns = {column}}; }

TEST(SpilledBatchesTest, WindowsOfEveryTypeComeBack) {
  testing::RandomArrays random(5);
  for (const TypePtr& type : testing::ManyTypes()) {
    const ArrayPtr whole = random.Make(type, 300);
    for (const auto& [first, count] : {std::pair<int64_t, int64_t>{0, 300}, {13, 200}, {299, 1}, {7, 0}}) {
      const ArrayPtr window = SliceArray(whole, first, count);
      SpilledBatches file(SchemaWith(type));
      file.Append(BatchWith(random.Make(type, 5)));
      const RecordBatch batch = file.Read(file.Append(BatchWith(window)));
      EXPECT_EQ(batch.num_rows, count);
      EXPECT_TRUE(ArraysEqual(*batch.columns[0], *window)) << TypeToString(*type) << " " << first << " " << count;
    }
  }
}

}  // namespace
}  // namespace eider::query
