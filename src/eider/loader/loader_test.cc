#include <eider/loader.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <numeric>
#include <set>
#include <thread>

#include "eider/base/error.h"
#include "eider/loader/epoch_order.h"
#include "eider/loader/packed_positions.h"
#include "eider/testing/arrays.h"

namespace eider {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// Rows 0..n-1 with their position as value; counts and can fail.
class FakeDataset final : public RowReader {
 public:
  explicit FakeDataset(uint64_t num_rows, int io_threads = 3)
      : num_rows_(num_rows), session_(std::make_shared<Session>(SessionOptions{.memory_limit = 1 << 20, .cpu_threads = 0, .io_threads = io_threads})) {
    schema_ = std::make_shared<const Schema>(Schema{{{"position", MakeType(TypeId::kUInt64), false, {}}}, {}});
  }
  uint64_t version() const override { return 7; }
  const std::shared_ptr<Session>& session() const override { return session_; }
  uint64_t CountRows() const override { return num_rows_; }

  RecordBatch ReadRange(uint64_t first, uint64_t count, const ScanOptions& options) const override {
    std::vector<uint64_t> positions(count);
    std::iota(positions.begin(), positions.end(), first);
    ++num_ranges;
    return Batch(positions, options);
  }
  RecordBatch Take(std::span<const uint64_t> positions, const ScanOptions& options) const override {
    if (options.stats) options.stats->bytes_copied += positions.size() * 8;
    return Batch({positions.begin(), positions.end()}, options);
  }

  std::optional<uint64_t> poison;
  mutable std::atomic<uint64_t> num_ranges{0};

 private:
  RecordBatch Batch(const std::vector<uint64_t>& positions, const ScanOptions& options) const {
    for (uint64_t position : positions) {
      if (position >= num_rows_ || position == poison) throw Corrupt("row {} is bad", position);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(positions.empty() ? 0 : positions[0] * 37 % 300));
    if (options.stats) ++options.stats->requests;
    return {schema_, int64_t(positions.size()), {testing::Numbers(positions)}};
  }
  const uint64_t num_rows_;
  std::shared_ptr<Session> session_;
  SchemaPtr schema_;
};

std::vector<uint64_t> Values(const RecordBatch& batch) {
  const uint64_t* values = batch.columns[0]->buffers[0].as<uint64_t>();
  return {values, values + batch.num_rows};
}

std::vector<std::vector<uint64_t>> Drain(Loader& loader) {
  std::vector<std::vector<uint64_t>> batches;
  while (const auto batch = loader.Next()) batches.push_back(Values(*batch));
  return batches;
}

std::vector<uint64_t> Flatten(const std::vector<std::vector<uint64_t>>& batches) {
  std::vector<uint64_t> all;
  for (const auto& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

std::vector<uint64_t> Iota(uint64_t n) {
  std::vector<uint64_t> all(n);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

TEST(EpochOrderTest, IsABijectionForEverySize) {
  for (const uint64_t n : {1, 2, 3, 4, 5, 7, 8, 9, 100, 1000, 4097}) {
    for (const uint64_t seed : {0, 1}) {
      const loader::EpochOrder order(n, seed, 5);
      std::set<uint64_t> seen;
      for (uint64_t i = 0; i < n; ++i) seen.insert(order.At(i));
      EXPECT_EQ(seen.size(), n);
      EXPECT_EQ(*seen.rbegin(), n - 1);
    }
  }
}

TEST(EpochOrderTest, DependsOnSeedAndEpochAndNothingElse) {
  const auto first = [](uint64_t seed, uint64_t epoch) {
    std::vector<uint64_t> out;
    for (uint64_t i = 0; i < 20; ++i) out.push_back(loader::EpochOrder(1000, seed, epoch).At(i));
    return out;
  };
  EXPECT_EQ(first(3, 4), first(3, 4));
  EXPECT_NE(first(3, 4), first(4, 3));
  EXPECT_NE(first(3, 4), first(3, 5));
}

TEST(EpochOrderTest, NeverChangesWhatAResumeStateCountsOn) {
  const auto first = [](uint64_t n) {
    std::vector<uint64_t> out;
    const loader::EpochOrder order(n, 7, 2);
    for (uint64_t i = 0; i < 4; ++i) out.push_back(order.At(i));
    return out;
  };
  EXPECT_THAT(first(1000), ElementsAre(795, 989, 685, 121));
  EXPECT_THAT(first(50'000'000), ElementsAre(22624564, 40580093, 29119664, 47103664));
  EXPECT_THAT(first(uint64_t{1} << 40), ElementsAre(33489770142, 584157534191, 980232924333, 907987015636));
}

TEST(EpochOrderTest, SpreadsNeighboursOverTheWholeRange) {
  const uint64_t n = 100'000;
  const loader::EpochOrder order(n, 1, 1);
  double distance = 0;
  for (uint64_t i = 0; i + 1 < n; ++i) distance += std::abs(double(order.At(i)) - double(order.At(i + 1)));
  EXPECT_NEAR(distance / double(n) / double(n), 1.0 / 3, 0.01);  // the mean distance of two random points
}

TEST(PackedPositionsTest, KeepsAnyList) {
  std::mt19937_64 random(1);
  std::vector<std::vector<uint64_t>> lists{{}, {5}, {5, 5, 5}, {9, 3, 3, 7}, {0, ~uint64_t{0}, 1}, Iota(1000)};
  lists.emplace_back();
  for (int i = 0; i < 1000; ++i) lists.back().push_back(random() % 100'000);
  lists.push_back(lists.back());
  std::sort(lists.back().begin(), lists.back().end());
  for (const auto& list : lists) {
    const loader::PackedPositions packed(list);
    ASSERT_EQ(packed.size(), list.size());
    for (size_t i = 0; i < list.size(); ++i) ASSERT_EQ(packed.At(i), list[i]) << i;
  }
}

TEST(PackedPositionsTest, TakesLittleMemory) {
  EXPECT_LT(loader::PackedPositions(Iota(1'000'000)).memory_bytes(), 300'000u);
  std::vector<uint64_t> most;
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    if (i * 2654435761u % 10 != 0) most.push_back(i);
  }
  EXPECT_LT(loader::PackedPositions(most).memory_bytes(), 1'300'000u);
}

TEST(LoaderTest, ReadsInRowOrder) {
  for (const int threads : {0, 3}) {
    const auto dataset = std::make_shared<FakeDataset>(25, threads);
    const auto loader = Loader::Create(dataset, {.batch_size = 10});
    EXPECT_EQ(loader->num_batches(), 3u);
    const auto batches = Drain(*loader);
    EXPECT_EQ(Flatten(batches), Iota(25));
    EXPECT_EQ(batches.back().size(), 5u);
    EXPECT_FALSE(loader->Next());
    EXPECT_EQ(loader->stats().bytes_copied, 0u);
    EXPECT_EQ(loader->stats().rows, 25u);
  }
}

TEST(LoaderTest, ShufflesEveryEpochAnew) {
  const auto loader = Loader::Create(std::make_shared<FakeDataset>(1003), {.batch_size = 16, .shuffle = true, .seed = 9});
  std::vector<std::vector<uint64_t>> epochs;
  for (uint64_t epoch = 0; epoch < 3; ++epoch) {
    loader->SetEpoch(epoch);
    loader->Start();
    epochs.push_back(Flatten(Drain(*loader)));
    std::vector<uint64_t> sorted = epochs.back();
    std::sort(sorted.begin(), sorted.end());
    EXPECT_EQ(sorted, Iota(1003));
  }
  EXPECT_NE(epochs[0], epochs[1]);
  EXPECT_NE(epochs[1], epochs[2]);
  loader->SetEpoch(1);
  loader->Start();
  EXPECT_EQ(Flatten(Drain(*loader)), epochs[1]);
  EXPECT_EQ(loader->stats().bytes_copied, 4 * 1003u * 8);
}

TEST(LoaderTest, ResumesAtAnyBatch) {
  const LoaderOptions options{.batch_size = 7, .shuffle = true, .seed = 3};
  const auto whole = Loader::Create(std::make_shared<FakeDataset>(100), options);
  whole->SetEpoch(2);
  whole->Start();
  const auto all = Drain(*whole);
  for (uint64_t position = 0; position <= all.size(); ++position) {
    const auto resumed = Loader::Create(std::make_shared<FakeDataset>(100), options);
    resumed->SetEpoch(2);
    resumed->Start(position);
    EXPECT_EQ(Drain(*resumed), std::vector(all.begin() + int64_t(position), all.end()));
    EXPECT_EQ(resumed->state().position, all.size());
    EXPECT_EQ(resumed->state().version, 7u);
  }
  EXPECT_THROW(whole->Start(all.size() + 1), Error);
}

TEST(LoaderTest, DealsEqualSharesToRanks) {
  for (const bool drop_last : {false, true}) {
    std::vector<uint64_t> seen;
    std::set<uint64_t> counts;
    for (uint64_t rank = 0; rank < 3; ++rank) {
      const auto loader = Loader::Create(std::make_shared<FakeDataset>(95),
                                         {.batch_size = 10, .shuffle = true, .rank = rank, .world_size = 3, .drop_last = drop_last});
      counts.insert(loader->num_batches());
      const auto rows = Flatten(Drain(*loader));
      seen.insert(seen.end(), rows.begin(), rows.end());
    }
    EXPECT_EQ(counts.size(), 1u);
    const std::set<uint64_t> distinct(seen.begin(), seen.end());
    if (drop_last) {
      EXPECT_EQ(*counts.begin(), 3u);
      EXPECT_EQ(distinct.size(), seen.size()) << "no row twice";
    } else {
      EXPECT_EQ(*counts.begin(), 4u);
      EXPECT_EQ(distinct.size(), 95u) << "every row";
    }
  }
}

TEST(LoaderTest, SplitsAnEpochAmongWorkers) {
  for (const bool drop_last : {false, true}) {
    const LoaderOptions options{.batch_size = 10, .shuffle = true, .drop_last = drop_last};
    const auto dataset = std::make_shared<FakeDataset>(105);
    const auto whole = Loader::Create(dataset, options);
    const auto all = Drain(*whole);
    std::vector<std::vector<uint64_t>> merged(all.size());
    for (uint64_t worker = 0; worker < 3; ++worker) {
      const auto share = whole->WithDataset(std::make_shared<FakeDataset>(105), 3);
      share->Start(2 + worker);
      for (uint64_t i = 2 + worker; const auto batch = share->Next(); i += 3) merged.at(i) = Values(*batch);
    }
    EXPECT_EQ(std::vector(merged.begin() + 2, merged.end()), std::vector(all.begin() + 2, all.end()));
    EXPECT_THROW(whole->WithDataset(std::make_shared<FakeDataset>(104), 1), Error);
  }
}

TEST(LoaderTest, DrawsFromASubset) {
  const auto dataset = std::make_shared<FakeDataset>(100);
  const auto sequential = Loader::Create(dataset, {.batch_size = 3, .rows = std::vector<uint64_t>{5, 6, 7, 50, 4, 4, 99}});
  EXPECT_THAT(Drain(*sequential), ElementsAre(ElementsAre(5, 6, 7), ElementsAre(50, 4, 4), ElementsAre(99)));
  const auto shuffled = Loader::Create(dataset, {.batch_size = 2, .shuffle = true, .rows = std::vector<uint64_t>{5, 6, 7, 50}});
  EXPECT_EQ(shuffled->BatchPositions(0), Drain(*shuffled)[0]);
  EXPECT_TRUE(Drain(*Loader::Create(dataset, {.batch_size = 2, .rows = std::vector<uint64_t>{}})).empty());
}

TEST(LoaderTest, RejectsBadOptions) {
  const auto dataset = std::make_shared<FakeDataset>(10);
  EXPECT_THROW(Loader::Create(dataset, {.batch_size = 0}), Error);
  EXPECT_THROW(Loader::Create(dataset, {.batch_size = 1, .rank = 2, .world_size = 2}), Error);
  try {
    Loader::Create(dataset, {.batch_size = 1, .rows = std::vector<uint64_t>{3, 10}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("rows[1] is 10"));
  }
}

TEST(LoaderTest, ReportsAFailedBatchInItsTurn) {
  const auto dataset = std::make_shared<FakeDataset>(100);
  dataset->poison = 35;
  const auto loader = Loader::Create(dataset, {.batch_size = 10});
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(loader->Next());
  try {
    loader->Next();
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("loader: batch 3 of epoch 0: row 35 is bad"));
  }
}

TEST(LoaderTest, MayBeDroppedOrRestartedAmidAnEpoch) {
  for (int i = 0; i < 20; ++i) {
    const auto loader = Loader::Create(std::make_shared<FakeDataset>(1000), {.batch_size = 10, .prefetch = 8});
    loader->Next();
    loader->Start(50);
    EXPECT_EQ(Values(*loader->Next())[0], 500u);
  }
}

TEST(LoaderTest, GoesOnInAForkedChild) {
  const auto loader = Loader::Create(std::make_shared<FakeDataset>(50), {.batch_size = 10});
  EXPECT_EQ(Values(*loader->Next())[0], 0u);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool right = Values(*loader->Next())[0] == 10 && Values(*loader->Next())[0] == 20;
    _exit(right ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_EQ(Values(*loader->Next())[0], 10u);
}

}  // namespace
}  // namespace eider
