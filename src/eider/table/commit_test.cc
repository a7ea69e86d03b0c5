#include "eider/table/commit.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <thread>

#include "eider/base/error.h"
#include "eider/proto/rowids.pb.h"
#include "eider/table/commit_samples.h"
#include "eider/testing/faulty_store.h"
namespace eider::table {
namespace {

using namespace samples;
using testing::FaultyStore;

TEST(CommitTest, CreatesATableOnce) {
  const Snapshot created = NewTable();
  EXPECT_EQ(created.version(), 1u);
  EXPECT_EQ(LoadSnapshot(created.store).version(), 1u);
  EXPECT_EQ(created.manifest->data_storage_version(), "2.2");
  EXPECT_EQ(KindOf([&] { CreateTable(created.store, OverwriteOf(0), {}); }), ErrorKind::kAlreadyExists);
}

TEST(CommitTest, AppendsWithFreshFragmentIdsInBothNamings) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    const Snapshot created = NewTable(false, naming);
    const Snapshot second = Commit(created, AppendOf(1));
    EXPECT_EQ(second.version(), 2u);
    ASSERT_EQ(second.manifest->num_fragments(), 2u);
    EXPECT_EQ(second.manifest->fragment(1).id(), 1u);
    EXPECT_EQ(LoadSnapshot(created.store).manifest->head().max_fragment_id(), 1u);
    EXPECT_EQ(LoadSnapshot(created.store).naming, naming);
    EXPECT_EQ(ReadTransaction(second)->append().fragments_size(), 1);
    EXPECT_TRUE(created.store->Exists("_transactions/" + second.manifest->head().transaction_file()));
    const io::ReadableFilePtr hint = created.store->Open("_versions/latest_version_hint.json");
    const Buffer text = hint->Read({0, hint->size()});
    EXPECT_EQ(std::string(text.data(), text.data() + text.size()), "{\"version\":2}");
  }
}

TEST(CommitTest, AppendsFromAStaleVersionAreRebased) {
  const Snapshot created = NewTable();
  Commit(created, AppendOf(1));
  Commit(created, AppendOf(1));
  const Snapshot last = Commit(created, AppendOf(1));
  EXPECT_EQ(last.version(), 4u);
  ASSERT_EQ(last.manifest->num_fragments(), 4u);
  EXPECT_EQ(last.manifest->fragment(3).id(), 3u);
}

TEST(CommitTest, ManyWritersAppendWithoutLosingARow) {
  const Snapshot created = NewTable();
  std::vector<std::thread> writers;
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&] {
      for (int k = 0; k < 5; ++k) Commit(created, AppendOf(1), {.max_attempts = 100});
    });
  }
  for (std::thread& writer : writers) writer.join();
  const Snapshot latest = LoadSnapshot(created.store);
  EXPECT_EQ(latest.version(), 21u);
  ASSERT_EQ(latest.manifest->num_fragments(), 21u);
  for (size_t i = 0; i < 21; ++i) EXPECT_EQ(latest.manifest->fragment(i).id(), i);
}

/// Replaces the manifest of a version with what a crash left of it.
void Tear(const Snapshot& torn) { torn.store->Put(torn.manifest_path, SpanOf(std::string(200, '\0')), false); }

TEST(CommitTest, ANewVersionTakesTheNumberAfterATornOne) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    const Snapshot created = NewTable(true, naming);
    Tear(Commit(created, AppendOf(1)));
    const Snapshot fallback = LoadSnapshot(created.store);
    EXPECT_EQ(fallback.version(), 1u);
    for (const Snapshot& base : {fallback, created}) {
      const Snapshot next = Commit(base, AppendOf(1));
      EXPECT_EQ(next.version(), next.manifest->head().version());
      EXPECT_EQ(next.torn, std::vector<uint64_t>{2});
    }
    const Snapshot latest = LoadSnapshot(created.store);
    EXPECT_EQ(latest.version(), 4u);
    EXPECT_TRUE(latest.torn.empty());
    ASSERT_EQ(latest.manifest->num_fragments(), 3u);
    lance::table::RowDatasetVersionSequence versions;
    ASSERT_TRUE(versions.ParseFromString(latest.manifest->fragment(1).proto().inline_created_at_versions()));
    EXPECT_EQ(versions.runs(0).version(), 3u);
    EXPECT_EQ(Restore(created).version(), 5u);
  }
}

TEST(CommitTest, ATableIsMadeBesideTheTornStartOfAnother) {
  for (const Naming naming : {Naming::kV1, Naming::kV2}) {
    const Snapshot created = NewTable(false, naming);
    Tear(created);
    const Snapshot again = CreateTable(created.store, OverwriteOf(0), {});
    EXPECT_EQ(again.version(), 2u);
    EXPECT_EQ(LoadSnapshot(created.store).version(), 2u);
    EXPECT_EQ(again.naming, naming);
  }
}

/// Whatever operation fails, and whether it took effect or not: the table opens at its old or its new version, and what
/// the commit says is true.
TEST(CommitTest, AFailureOfAnyOperationLeavesTheTableAtItsOldOrNewVersion) {
  int lost_answers_resolved = 0;
  for (const bool after : {false, true}) {
    for (int n = 0; n < 100; ++n) {
      SCOPED_TRACE(fmt::format("operation {} {}", n, after ? "loses its answer" : "is refused"));
      const Snapshot created = NewTable();
      const auto faulty = std::make_shared<FaultyStore>(created.store);
      Snapshot read = created;
      read.store = faulty;
      faulty->FailAt(n, after);
      bool landed = false;
      bool unknown = false;
      try {
        landed = Commit(read, AppendOf(1)).version() == 2;
      } catch (const Error& error) {
        unknown = error.kind() == ErrorKind::kCommitUnknown;
      }
      const uint64_t latest = LoadSnapshot(created.store).version();
      EXPECT_LE(latest, 2u);
      if (!unknown) { EXPECT_EQ(latest, landed ? 2u : 1u); }
      lost_answers_resolved += after && landed && faulty->fired();
      if (!faulty->fired()) break;
      ASSERT_LT(n, 99);
    }
  }
  EXPECT_GT(lost_answers_resolved, 0);
}

TEST(CommitTest, APutThatLandedAndIsAnsweredTakenIsOurs) {
  const auto faulty = std::make_shared<FaultyStore>(io::MakeMemoryStore("taken"));
  faulty->AnswerTaken("_versions");
  const Snapshot created = CreateTable(faulty, OverwriteOf(0), {});
  EXPECT_TRUE(faulty->fired());
  EXPECT_EQ(created.version(), 1u);
  faulty->AnswerTaken("_versions");
  EXPECT_EQ(Commit(created, AppendOf(1)).version(), 2u);
  EXPECT_TRUE(faulty->fired());
  EXPECT_EQ(LoadSnapshot(faulty).version(), 2u);
  // Nor is its name on disk yet.
  faulty->AnswerTaken("_versions");
  faulty->FailSync("_versions");
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kCommitUnknown);
}

/// Counts what is asked of it.
class CountingStore final : public FaultyStore {
 public:
  using FaultyStore::FaultyStore;
  void VisitNames(std::string_view folder, const std::function<void(std::string_view)>& visit) const override {
    ++listings;
    FaultyStore::VisitNames(folder, visit);
  }
  io::ReadableFilePtr Open(std::string_view path) const override {
    opened.push_back(std::string(path));
    return FaultyStore::Open(path);
  }

  mutable int listings = 0;
  mutable std::vector<std::string> opened;
};

TEST(CommitTest, ACommitThatFollowsALookListsNothingAndReadsOnlyWhatCameSince) {
  const Snapshot created = NewTable();
  const auto store = std::make_shared<CountingStore>(created.store);
  const Snapshot looked = LoadSnapshot(store);
  EXPECT_EQ(store->listings, 1);
  store->opened.clear();
  EXPECT_EQ(Commit(looked, AppendOf(1)).version(), 2u);
  EXPECT_EQ(store->listings, 1);
  EXPECT_TRUE(store->opened.empty()) << "nothing came between";
  Commit(created, AppendOf(2));
  EXPECT_EQ(Commit(looked, AppendOf(1)).version(), 4u);
  EXPECT_EQ(store->listings, 1);
  EXPECT_EQ(store->opened, (std::vector<std::string>{ManifestPath(2, Naming::kV2), ManifestPath(3, Naming::kV2)}));
  Snapshot held = looked;
  held.listed->at -= std::chrono::seconds(2);
  EXPECT_EQ(Commit(held, AppendOf(1)).version(), 5u);
  EXPECT_EQ(store->listings, 2) << "who knows what happened since";
}

TEST(CommitTest, AManifestThatWasJustWrittenIsKeptWhileItsFileHoldsIt) {
  const Snapshot created = NewTable();
  const std::shared_ptr<Session> session = Session::Default();
  const Snapshot second = Commit(created, AppendOf(1), {.session = session.get()});
  EXPECT_EQ(LoadSnapshot(created.store, {}, session.get()).manifest, second.manifest);
  std::string bytes(second.manifest->bytes().begin(), second.manifest->bytes().end());
  bytes[bytes.size() / 2] ^= 1;
  created.store->Put(second.manifest_path, SpanOf(bytes), false);
  try {
    EXPECT_NE(LoadSnapshot(created.store, {}, session.get()).manifest, second.manifest);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
  }
}

TEST(CommitTest, AVersionThatVanishedIsNoPlaceForANewOne) {
  const Snapshot created = NewTable();
  const Snapshot looked = LoadSnapshot(created.store);
  const Snapshot second = Commit(created, AppendOf(1));
  const Snapshot third = Commit(second, AppendOf(2));
  created.store->Delete(second.manifest_path);
  Snapshot held = looked;
  held.listed.reset();
  EXPECT_EQ(KindOf([&] { Commit(held, AppendOf(1)); }), ErrorKind::kRetryableConflict);
  EXPECT_EQ(LoadSnapshot(created.store).version(), third.version());
}

TEST(CommitTest, OfManyVersionsInBetweenEachIsHeldAgainstOurs) {
  const Snapshot created = NewTable();
  const auto deletion = [&] {
    TransactionProto transaction = NewTransaction(1);
    DataFragmentProto changed = created.manifest->fragment(0).proto();
    changed.mutable_deletion_file()->set_num_deleted_rows(1);
    *transaction.mutable_delete_()->add_updated_fragments() = changed;
    return transaction;
  };
  Snapshot latest = Commit(created, deletion());
  for (int i = 0; i < 5; ++i) latest = Commit(latest, AppendOf(1));
  EXPECT_EQ(KindOf([&] { Commit(created, deletion()); }), ErrorKind::kRetryableConflict);
  const Snapshot appended = Commit(created, AppendOf(2));
  EXPECT_EQ(appended.version(), latest.version() + 1);
  EXPECT_EQ(appended.manifest->num_fragments(), latest.manifest->num_fragments() + 1);
  Commit(Commit(appended, OverwriteOf(1)), AppendOf(1));
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kConflict) << "another table, on which others built";
}

TEST(CommitTest, WhatLiesBeforeATornEndIsWhatACommitGoesOn) {
  const Snapshot created = NewTable();
  const Snapshot second = Commit(created, AppendOf(1)), third = Commit(second, AppendOf(2));
  Tear(Commit(third, AppendOf(3)));
  const Snapshot next = Commit(created, AppendOf(1));
  EXPECT_EQ(next.version(), 5u);
  EXPECT_EQ(next.manifest->num_fragments(), third.manifest->num_fragments() + 1);
  EXPECT_EQ(next.torn, std::vector<uint64_t>{4});
}

TEST(CommitTest, ATornVersionInBetweenIsPassedOverAndItsNeighboursAreNot) {
  const Snapshot created = NewTable();
  Snapshot latest = Commit(created, AppendOf(1));
  Tear(Commit(latest, AppendOf(5)));
  for (int i = 0; i < 3; ++i) latest = Commit(latest, AppendOf(1));
  const Snapshot next = Commit(created, AppendOf(1));
  EXPECT_EQ(next.version(), 7u);
  EXPECT_EQ(next.manifest->num_fragments(), latest.manifest->num_fragments() + 1);
}

TEST(CommitTest, WhatCannotBeReadUnderATakenNumberMayBeOurs) {
  const Snapshot created = NewTable();
  const auto faulty = std::make_shared<FaultyStore>(created.store);
  Snapshot looked = LoadSnapshot(faulty);
  faulty->AnswerTaken("_versions");
  faulty->FailReads("_versions");
  EXPECT_EQ(KindOf([&] { Commit(looked, AppendOf(1)); }), ErrorKind::kCommitUnknown);
  EXPECT_EQ(LoadSnapshot(created.store).version(), 2u);
}

TEST(CommitTest, OnlyAnUnsyncedManifestLeavesTheOutcomeUnknown) {
  const auto faulty = std::make_shared<FaultyStore>(io::MakeMemoryStore("unsynced"));
  const Snapshot created = CreateTable(faulty, OverwriteOf(0), {});
  faulty->FailSync("_transactions");
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kIo);
  EXPECT_EQ(LoadSnapshot(faulty).version(), 1u);
  faulty->FailSync("_versions");
  EXPECT_EQ(KindOf([&] { Commit(created, AppendOf(1)); }), ErrorKind::kCommitUnknown);
  EXPECT_EQ(LoadSnapshot(faulty).version(), 2u);
}

std::vector<std::string>& Observed() {
  static std::vector<std::string> operations;
  return operations;
}

class LocalCommitTest : public ::testing::Test {
 protected:
  LocalCommitTest() : folder_(std::filesystem::temp_directory_path() / NewUuid()) {
    Observed().clear();
    io::SetIoObserver([](std::string_view operation, std::string_view path) {
      Observed().push_back(fmt::format("{} {}", operation, path));
    });
  }
  ~LocalCommitTest() override {
    io::SetIoObserver(nullptr);
    std::filesystem::remove_all(folder_);
  }
  /// Position of the first observed "operation ...fragment...", or -1.
  static int Find(std::string_view operation, std::string_view fragment) {
    for (size_t i = 0; i < Observed().size(); ++i) {
      if (Observed()[i].starts_with(operation) && Observed()[i].find(fragment) != std::string::npos) return static_cast<int>(i);
    }
    return -1;
  }
  std::filesystem::path folder_;
};

TEST_F(LocalCommitTest, SyncsTransactionThenManifestAndTheirFoldersBeforeItReturns) {
  const Snapshot created = CreateTable(io::OpenStore(folder_.string()), OverwriteOf(0), {});
  Observed().clear();
  Commit(created, AppendOf(1));
  const int transaction = Find("fsync ", "_transactions/");
  const int transactions_folder = Find("fsync_dir ", "_transactions");
  const int manifest = Find("fsync ", "_versions/");
  const int versions_folder = Find("fsync_dir ", "_versions");
  EXPECT_GE(transaction, 0);
  EXPECT_GT(transactions_folder, transaction);
  EXPECT_GT(manifest, transactions_folder);
  EXPECT_GT(versions_folder, manifest);
}

TEST_F(LocalCommitTest, SyncsNothingWithoutDurability) {
  const Snapshot created = CreateTable(io::OpenStore(folder_.string()), OverwriteOf(0), {}, {.sync = false});
  Commit(created, AppendOf(1), {.sync = false});
  EXPECT_EQ(Find("fsync", ""), -1);
  EXPECT_FALSE(Observed().empty());
}

}  // namespace
}  // namespace eider::table
