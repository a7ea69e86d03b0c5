#include "eider/table/cleanup.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/table/commit.h"
#include "eider/table/refs.h"
#include "eider/testing/every_failure.h"

namespace eider::table {
namespace {

using std::chrono::hours;

template <typename Body>
Error ThrownBy(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::kIo, "");
}

/// A transaction whose fragment has a data file that is there.
TransactionProto WriteRows(io::ObjectStore& store, uint64_t read_version, bool overwrite) {
  TransactionProto transaction = NewTransaction(read_version);
  DataFragmentProto fragment;
  fragment.set_physical_rows(5);
  DataFileProto* file = fragment.add_files();
  file->set_path(NewDataFileName());
  file->add_fields(0);
  file->add_column_indices(0);
  store.Put("data/" + file->path(), SpanOf("0123456789"), false);
  if (!overwrite) {
    *transaction.mutable_append()->add_fragments() = fragment;
    return transaction;
  }
  auto* field = transaction.mutable_overwrite()->add_schema();
  field->set_name("a");
  field->set_parent_id(-1);
  field->set_logical_type("int64");
  field->set_nullable(true);
  *transaction.mutable_overwrite()->add_fragments() = fragment;
  return transaction;
}

Snapshot Overwritten(const Snapshot& read) { return Commit(read, WriteRows(*read.store, read.version(), true)); }

/// A table of five versions, each with a data file of its own. Nobody holds the first four.
Snapshot FiveVersions() {
  static int count = 0;
  const io::ObjectStorePtr store = io::OpenStore(fmt::format("memory://cleanup_{}", count++));
  Snapshot last = CreateTable(store, WriteRows(*store, 0, true), {});
  for (int i = 0; i < 4; ++i) last = Overwritten(last);
  return last;
}

std::vector<uint64_t> VersionsOf(const io::ObjectStore& store) {
  std::vector<uint64_t> versions;
  for (const VersionEntry& entry : ListVersions(store).versions) versions.push_back(entry.version);
  return versions;
}

/// Every version that is there has its files.
void ExpectWhole(const io::ObjectStorePtr& store) {
  for (const uint64_t version : VersionsOf(*store)) {
    const Snapshot snapshot = LoadSnapshot(store, version);
    for (size_t i = 0; i < snapshot.manifest->num_fragments(); ++i) {
      const FileLocation file = LocateDataFile(snapshot, snapshot.manifest->fragment(i).file(0));
      EXPECT_TRUE(file.store->Exists(file.path)) << "version " << version << ": " << file.path;
    }
  }
}

std::function<int64_t()> In(hours time) {
  const auto then = std::chrono::system_clock::now().time_since_epoch() + time;
  return [then] { return std::chrono::duration_cast<std::chrono::nanoseconds>(then).count(); };
}

const CleanupOptions kAllOld{.older_than = std::chrono::nanoseconds(0)};

TEST(CleanupTest, RemovesVersionsOlderThanTwoWeeksUnlessToldOtherwise) {
  const Snapshot last = FiveVersions();
  EXPECT_EQ(Cleanup(last, {.clock = In(hours(24 * 13))}).old_versions, 0u);
  EXPECT_EQ(VersionsOf(*last.store).size(), 5u);
  const CleanupStats stats = Cleanup(last, {.clock = In(hours(24 * 15))});
  EXPECT_EQ(stats.old_versions, 4u);
  EXPECT_EQ(stats.data_files_removed, 4u);
  EXPECT_EQ(stats.transaction_files_removed, 4u);
  EXPECT_GT(stats.bytes_removed, 40u);
  EXPECT_EQ(VersionsOf(*last.store), std::vector<uint64_t>{5});
  EXPECT_EQ(last.store->List("data").size(), 1u);
  ExpectWhole(last.store);
}

TEST(CleanupTest, EveryLimitThatIsSetMustAllowIt) {
  const Snapshot last = FiveVersions();
  EXPECT_EQ(Cleanup(last, {.older_than = hours(1), .retain_versions = 2}).old_versions, 0u);
  EXPECT_EQ(Cleanup(last, {.retain_versions = 4, .versions = std::vector<uint64_t>{2, 3, 5, 9}}).old_versions, 0u);
  EXPECT_EQ(Cleanup(last, {.versions = std::vector<uint64_t>{2, 5, 9}}).old_versions, 1u);
  EXPECT_EQ(VersionsOf(*last.store), (std::vector<uint64_t>{1, 3, 4, 5}));
  EXPECT_EQ(Cleanup(last, {.retain_versions = 2}).old_versions, 2u);
  EXPECT_EQ(VersionsOf(*last.store), (std::vector<uint64_t>{4, 5}));
  for (const CleanupOptions& wrong : {CleanupOptions{.retain_versions = 0}, CleanupOptions{.versions = std::vector<uint64_t>()},
                                      CleanupOptions{.deletes_per_second = 0}}) {
    EXPECT_EQ(ThrownBy([&] { Cleanup(last, wrong); }).kind(), ErrorKind::kInvalid);
  }
}

TEST(CleanupTest, AnExplanationRemovesNothingAndSaysWhatWouldGo) {
  const Snapshot last = FiveVersions();
  const CleanupExplanation explained = ExplainCleanup(last, kAllOld);
  EXPECT_EQ(explained.read_version, 5u);
  EXPECT_EQ(explained.files.size(), 12u);
  EXPECT_EQ(explained.files.back().kind, CleanupFile::Kind::kManifest);
  EXPECT_EQ(VersionsOf(*last.store).size(), 5u);
  const CleanupStats done = Cleanup(last, kAllOld);
  EXPECT_EQ(done.bytes_removed, explained.stats.bytes_removed);
  EXPECT_EQ(done.old_versions, explained.stats.old_versions);
}

TEST(CleanupTest, SparesTaggedVersionsAndSaysSo) {
  const Snapshot last = FiveVersions();
  CreateTag(*last.store, "keep", LoadSnapshot(last.store, 2), true);
  const Error error = ThrownBy([&] { Cleanup(last, kAllOld); });
  EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
  EXPECT_NE(std::string(error.what()).find("'keep' (version 2)"), std::string::npos);
  EXPECT_EQ(VersionsOf(*last.store).size(), 5u);
  CleanupOptions silent = kAllOld;
  silent.error_if_tagged = false;
  EXPECT_EQ(Cleanup(last, silent).old_versions, 3u);
  EXPECT_EQ(VersionsOf(*last.store), (std::vector<uint64_t>{2, 5}));
  ExpectWhole(last.store);
}

TEST(CleanupTest, SparesWhatThisProcessHasOpenAndWhatCameAfterTheVersionAtHand) {
  const Snapshot last = FiveVersions();
  {
    const Snapshot third = LoadSnapshot(last.store, 3);
    const Snapshot copy = third;
    const CleanupExplanation explained = ExplainCleanup(last, kAllOld);
    EXPECT_EQ(explained.stats.old_versions, 3u);
    ASSERT_EQ(explained.warnings.size(), 1u);
    EXPECT_NE(explained.warnings[0].find("version 3"), std::string::npos);
    EXPECT_EQ(Cleanup(copy, kAllOld).old_versions, 2u);
    EXPECT_EQ(VersionsOf(*last.store), (std::vector<uint64_t>{3, 4, 5}));
    ExpectWhole(last.store);
  }
  EXPECT_EQ(Cleanup(last, kAllOld).old_versions, 2u);
}

TEST(CleanupTest, FilesThatNoVersionNamedStayForAWeek) {
  const Snapshot last = FiveVersions();
  io::ObjectStore& store = *last.store;
  const std::vector<std::string> orphans = {"data/orphan.lance", "data/stem/a.blob", "_transactions/9-aa.txn", "_versions/.tmpfoo",
                                            "_deletions/0-1-2.arrow", "_deletions/0-1-2.bin", "_indices/u/index.idx"};
  const std::vector<std::string> others = {"data/orphan.txt", "_versions/foo.manifest-abc", "readme", "_mem_wal/x", "data/stem/b.lance"};
  for (const std::string& path : orphans) store.Put(path, SpanOf("x"), false);
  for (const std::string& path : others) store.Put(path, SpanOf("x"), false);
  const std::string side_car = "data/" + last.manifest->fragment(0).file(0).path();
  store.Put(side_car.substr(0, side_car.size() - 6) + "/0.blob", SpanOf("x"), false);
  EXPECT_EQ(Cleanup(last, kAllOld).old_versions, 4u);
  for (const std::string& path : orphans) EXPECT_TRUE(store.Exists(path)) << path;
  EXPECT_EQ(ExplainCleanup(last, {.clock = In(hours(24 * 6))}).files.size(), 0u);
  const CleanupExplanation explained = ExplainCleanup(last, {.clock = In(hours(24 * 8))});
  EXPECT_EQ(explained.files.size(), orphans.size());
  EXPECT_TRUE(explained.files[0].is_unverified);
  const CleanupStats stats = Cleanup(last, {.delete_unverified = true});
  EXPECT_EQ(stats.bytes_removed, orphans.size());
  EXPECT_EQ(stats.data_files_removed, 2u);
  for (const std::string& path : orphans) EXPECT_FALSE(store.Exists(path)) << path;
  for (const std::string& path : others) EXPECT_TRUE(store.Exists(path)) << path;
  EXPECT_TRUE(store.Exists(side_car.substr(0, side_car.size() - 6) + "/0.blob"));
  ExpectWhole(last.store);
}

TEST(CleanupTest, SparesWhatBranchesRead) {
  const Snapshot last = FiveVersions();
  Snapshot dev = CreateBranch(last.store, "dev", LoadSnapshot(last.store, 2), true);
  const CleanupExplanation explained = ExplainCleanup(last, kAllOld);
  ASSERT_EQ(explained.branches.size(), 1u);
  EXPECT_EQ(explained.branches[0].version, 2u);
  EXPECT_TRUE(explained.branches[0].is_needed);
  EXPECT_EQ(Cleanup(last, kAllOld).old_versions, 3u);
  EXPECT_EQ(VersionsOf(*last.store), (std::vector<uint64_t>{2, 5}));
  ExpectWhole(dev.store);
  dev = Overwritten(dev);
  EXPECT_EQ(Cleanup(dev, kAllOld).old_versions, 1u);
  EXPECT_EQ(VersionsOf(*dev.store), std::vector<uint64_t>{3});
  EXPECT_EQ(VersionsOf(*last.store).size(), 2u) << "a cleanup of the branch leaves the table alone";
  EXPECT_EQ(last.store->List("data").size(), 2u);
  EXPECT_EQ(Cleanup(last, kAllOld).old_versions, 1u);
  ExpectWhole(last.store);
  ExpectWhole(dev.store);
}

TEST(CleanupTest, SparesFilesThatABranchReadsFromVersionsItDidNotBeginAt) {
  const Snapshot last = FiveVersions();
  const Snapshot restored = Restore(LoadSnapshot(last.store, 1));
  const Snapshot dev = CreateBranch(last.store, "dev", restored, true);
  const Snapshot newest = Overwritten(restored);
  CleanupOptions options = kAllOld;
  Cleanup(newest, options);
  ExpectWhole(last.store);
  ExpectWhole(dev.store);
}

TEST(CleanupTest, ACloneIsCleanedWithoutTouchingItsSource) {
  const Snapshot last = FiveVersions();
  Snapshot clone = CommitClone(io::OpenStore(last.store->root() + "_clone"), LoadSnapshot(last.store, 3), {});
  clone = Overwritten(clone);
  EXPECT_EQ(Cleanup(clone, kAllOld).old_versions, 1u);
  EXPECT_EQ(last.store->List("data").size(), 5u);
  EXPECT_EQ(VersionsOf(*last.store).size(), 5u);
  ExpectWhole(clone.store);
}

TEST(CleanupTest, WhatCannotBeReadEndsItBeforeAnythingGoes) {
  for (const char* path : {"_versions/18446744073709551613.manifest", "_refs/tags/t.json", "_refs/branches/b.json",
                           "tree/x/_versions/18446744073709551614.manifest", "_versions/d9223372036854775809.manifest"}) {
    const Snapshot last = FiveVersions();
    // Of a manifest, with its end: what a crash cut off is another matter.
    const bool is_manifest = std::string_view(path).ends_with(".manifest");
    last.store->Put(path, SpanOf(is_manifest ? std::string(100, '{') + "LANC" : "{"), false);
    EXPECT_EQ(ThrownBy([&] { Cleanup(last, kAllOld); }).kind(), ErrorKind::kCorrupt) << path;
    EXPECT_EQ(last.store->List("data").size(), 5u) << path;
    EXPECT_EQ(last.store->List("_transactions").size(), 5u) << path;
  }
}

TEST(CleanupTest, AfterEveryFailureAllVersionsReadAndTheNextOneFinishes) {
  testing::FailEveryOperation(
      [] {
        const Snapshot last = FiveVersions();
        CreateTag(*last.store, "keep", LoadSnapshot(last.store, 2), false);
        CreateBranch(last.store, "dev", LoadSnapshot(last.store, 3), false);
        return last;
      },
      [](const Snapshot& read) {
        CleanupOptions options = kAllOld;
        options.error_if_tagged = false;
        Cleanup(read, options);
      },
      [](const Snapshot& latest) {
        EXPECT_EQ(latest.version(), 5u);
        ExpectWhole(latest.store);
        ExpectWhole(BranchStore(latest.store, "dev"));
        EXPECT_EQ(Resolve(latest, "keep").version(), 2u);
        Cleanup(latest, {.older_than = std::chrono::nanoseconds(0), .delete_unverified = true, .error_if_tagged = false});
        EXPECT_EQ(VersionsOf(*latest.store), (std::vector<uint64_t>{2, 3, 5}));
        EXPECT_EQ(latest.store->List("data").size(), 3u);
        ExpectWhole(latest.store);
      });
}

TEST(CleanupTest, RunsAfterCommitsWhenTheTableAsksForIt) {
  const io::ObjectStorePtr store = io::OpenStore("memory://cleanup_by_itself");
  TransactionProto first = WriteRows(*store, 0, true);
  (*first.mutable_overwrite()->mutable_config_upsert_values())["lance.auto_cleanup.interval"] = "3";
  (*first.mutable_overwrite()->mutable_config_upsert_values())["lance.auto_cleanup.retain_versions"] = "2";
  Snapshot last = CreateTable(store, first, {});
  for (int i = 0; i < 4; ++i) last = Overwritten(last);
  EXPECT_EQ(VersionsOf(*store), (std::vector<uint64_t>{2, 3, 4, 5}));
  last = Overwritten(last);
  EXPECT_EQ(VersionsOf(*store), (std::vector<uint64_t>{5, 6}));
  ExpectWhole(store);
}

TEST(CleanupTest, ReadsSpansOfTime) {
  EXPECT_EQ(ParseTimeSpan("14days"), hours(24 * 14));
  EXPECT_EQ(ParseTimeSpan("2h 30m"), std::chrono::minutes(150));
  EXPECT_EQ(ParseTimeSpan("1209600s"), hours(24 * 14));
  EXPECT_EQ(ParseTimeSpan(" 1 week"), hours(24 * 7));
  for (const char* text : {"", "days", "3", "3 parsecs", "-1s", "99999999999999999999s", "9999999999999y"}) EXPECT_EQ(ParseTimeSpan(text), std::nullopt) << text;
}

TEST(CleanupTest, PassesOverTornManifestsAndStopsAtDamagedOnes) {
  for (const bool torn : {true, false}) {
    const Snapshot last = FiveVersions();
    const std::string path = ManifestPath(3, last.naming);
    std::string bytes(4096, '\0');
    if (!torn) {
      const io::ReadableFilePtr file = last.store->Open(path);
      const Buffer whole = file->Read({0, file->size()});
      bytes.assign(reinterpret_cast<const char*>(whole.data()), whole.size());
      bytes[bytes.size() / 2] ^= 0x20;
    }
    last.store->Put(path, SpanOf(bytes), false);
    const CleanupOptions all{.older_than = std::chrono::nanoseconds(0)};
    if (torn) EXPECT_EQ(Cleanup(last, all).old_versions, 2u);  // the second is what a repair of the third needs
    else EXPECT_EQ(ThrownBy([&] { Cleanup(last, all); }).kind(), ErrorKind::kCorrupt);
    EXPECT_EQ(VersionsOf(*last.store), torn ? (std::vector<uint64_t>{2, 3, 5}) : (std::vector<uint64_t>{1, 2, 3, 4, 5}));
    EXPECT_EQ(LoadSnapshot(last.store).version(), 5u);
  }
}

}  // namespace
}  // namespace eider::table
