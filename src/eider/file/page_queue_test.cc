#include "eider/file/page_queue.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/testing/arrays.h"

namespace eider::file {
namespace {

page::ColumnLeaf NumberLeaf() { return {.path = "v", .field_id = 0, .type = MakeType(TypeId::kInt64)}; }

PageTask TaskOf(const page::ColumnLeaf& leaf, uint64_t number) {
  std::vector<int64_t> values(1000 + number);
  for (size_t i = 0; i < values.size(); ++i) values[i] = int64_t(i * number);
  return {.leaf = &leaf, .first_row = number, .pieces = {testing::Numbers(values)}, .bytes = 8 * values.size()};
}

TEST(PageQueueTest, PagesComeInTheOrderOfTheirRowsWhateverTheThreads) {
  const page::ColumnLeaf leaf = NumberLeaf();
  for (const int threads : {0, 1, 4}) {
    TaskPool pool(threads);
    PageQueue queue(pool);
    for (uint64_t i = 0; i < 200; ++i) queue.Put(TaskOf(leaf, i));
    for (uint64_t i = 0; i < 200; ++i) {
      const PageTask task = queue.Take();
      EXPECT_EQ(task.first_row, i);
      ASSERT_EQ(task.pages.size(), 1u);
      EXPECT_EQ(task.pages[0].num_rows, 1000 + i);
    }
    EXPECT_TRUE(queue.empty());
    EXPECT_EQ(queue.bytes(), 0u);
  }
}

TEST(PageQueueTest, ATasksErrorComesOutWhereItsPagesWould) {
  const page::ColumnLeaf leaf = NumberLeaf();
  page::ColumnLeaf impossible{.path = "bits", .field_id = 1, .type = MakeType(TypeId::kBool)};
  impossible.options.structure = page::PageOptions::Structure::kFullZip;
  TaskPool pool(2);
  PageQueue queue(pool);
  queue.Put(TaskOf(leaf, 1));
  auto bits = std::make_shared<Array>(*testing::Numbers(std::vector<uint8_t>{0b10}));
  bits->type = impossible.type;
  bits->length = 2;
  queue.Put({.leaf = &impossible, .pieces = {bits}, .bytes = 1});
  queue.Put(TaskOf(leaf, 2));  // never taken: the queue ends with it
  EXPECT_EQ(queue.Take().pages.size(), 1u);
  EXPECT_THROW(queue.Take(), Error);
}

}  // namespace
}  // namespace eider::file
