#include "eider/query/row_width.h"

#include <gtest/gtest.h>

#include "eider/base/memory.h"
#include "eider/mutate/write.h"

namespace eider::query {
namespace {

/// A column of texts of `length` random letters each.
std::shared_ptr<const TableReader> TextsOf(size_t rows, size_t length) {
  auto schema = std::make_shared<Schema>(Schema{.fields = {{.name = "text", .type = MakeType(TypeId::kUtf8)}}, .metadata = {}});
  BufferBuilder offsets, bytes;
  offsets.AppendValue(int32_t{0});
  uint64_t state = 7;
  for (size_t i = 0; i < rows; ++i) {
    for (size_t j = 0; j < length; ++j) bytes.AppendValue(static_cast<uint8_t>('a' + ((state = state * 6364136223846793005u + 1442695040888963407u) >> 40) % 26));
    offsets.AppendValue(static_cast<int32_t>(bytes.size()));
  }
  auto column = std::make_shared<Array>();
  column->type = schema->fields[0].type;
  column->length = static_cast<int64_t>(rows);
  column->buffers = {offsets.Finish(), bytes.Finish()};
  WriteOptions options;
  options.session = std::make_shared<Session>(SessionOptions{.memory_limit = 48 << 20, .cpu_threads = 3});
  const auto data = MakeBatchReader(schema, {{schema, column->length, {column}}});
  return std::make_shared<const TableReader>(mutate::Create(io::MakeMemoryStore("widths"), *data, options), options.session);
}

TEST(RowWidthTest, TellsWideRowsBeforeAnyIsRead) {
  const auto table = TextsOf(8, 1 << 20);
  const RowWidth width(table, table->Plan({}));
  EXPECT_TRUE(width.is_unknown());
  EXPECT_GE(width.row_bytes(0), 500u << 10);
  EXPECT_EQ(width.RowsIn(8 << 20, 0), 1u);
  width.Learn(2, 2 << 20);
  EXPECT_FALSE(width.is_unknown());
  EXPECT_EQ(width.RowsIn(8 << 20, 0), 8u);
  EXPECT_EQ(width.RowsIn(1, 0), 1u) << "at least one";
}

TEST(RowWidthTest, LaterRowsThatAreWiderCount) {
  const auto table = TextsOf(1000, 10);
  const RowWidth width(table, table->Plan({}));
  EXPECT_GT(width.RowsIn(8 << 20, 0), 100u);
  EXPECT_LE(width.RowsIn(8 << 20, 0), 1024u);
  width.Learn(10'000, 100'000);
  EXPECT_EQ(width.row_bytes(0), 10u);
  width.Learn(10, 10'000);
  EXPECT_EQ(width.row_bytes(0), 1000u);
}

TEST(RowWidthTest, NothingTellsWhatIsComputed) {
  const auto table = TextsOf(1000, 10);
  const ReadPlanPtr nothing = table->Plan({.columns = std::vector<std::string>()});
  EXPECT_FALSE(RowWidth(table, nothing).is_unknown());
  const RowWidth width(table, nothing, true);
  EXPECT_TRUE(width.is_unknown());
  EXPECT_LE(width.RowsIn(8 << 20, 0), 64u);
  width.Learn(2, 2 << 20);
  EXPECT_EQ(width.RowsIn(8 << 20, 0), 8u);
}

TEST(RowWidthTest, NoRowsToLearnFromEndTheWait) {
  const auto table = TextsOf(1000, 10);
  const RowWidth width(table, table->Plan({}));
  width.Learn(0, 0);
  EXPECT_FALSE(width.is_unknown());
  EXPECT_GE(width.row_bytes(0), 4u) << "what is stored still tells";
}

TEST(RowWidthTest, TasksShareTheirPartOfTheBudget) {
  const auto table = TextsOf(1, 1);
  EXPECT_EQ(TaskBytes(*table->session(), 4, 16 << 20), 3u << 20) << "48 MB for 4 tasks, a quarter";
  EXPECT_EQ(TaskBytes(*table->session(), 4, 1 << 20), 1u << 20);
  EXPECT_EQ(TaskBytes(*table->session(), 1 << 20, 16 << 20), 64u << 10);
}

}  // namespace
}  // namespace eider::query
