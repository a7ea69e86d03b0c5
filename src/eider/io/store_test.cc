/// \file
/// The conformance suite of object stores: every driver registers with it.

#include "eider/io/store.h"
#include "eider/io/store_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "eider/io/local_store.h"

namespace eider::io {
namespace {

namespace fs = std::filesystem;

std::string Text(ByteSpan bytes) { return std::string(bytes.begin(), bytes.end()); }

struct Driver {
  const char* name;
  ObjectStorePtr (*make)(const std::string& folder);
};

template <typename Body>
ErrorKind KindThrownBy(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.kind();
  }
  ADD_FAILURE() << "nothing was thrown";
  return ErrorKind::kInvalid;
}

class StoreTest : public testing::TestWithParam<Driver> {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("eider_store_{}_{}", ::getpid(), counter_++);
    store_ = GetParam().make(folder_ / "deep" / "root");
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::vector<std::string> Names(std::string_view folder) {
    std::vector<std::string> names;
    for (const FileInfo& file : store_->List(folder)) names.push_back(file.path);
    std::sort(names.begin(), names.end());
    std::vector<std::string> paths;
    store_->VisitNames(folder, [&](std::string_view name) { paths.push_back(JoinPath(folder, name)); });
    std::sort(paths.begin(), paths.end());
    EXPECT_EQ(paths, names);
    return names;
  }

  static inline int counter_ = 0;
  fs::path folder_;
  ObjectStorePtr store_;
};

TEST_P(StoreTest, AFolderOfAStoreIsAStore) {
  const ObjectStorePtr inner = OpenFolder(store_, "tree/branch");
  EXPECT_EQ(inner->root(), store_->root() + "/tree/branch");
  EXPECT_TRUE(inner->List("data").empty());
  EXPECT_TRUE(inner->PutIfAbsent("data/x", SpanOf("1"), true));
  inner->SyncFolder("data");
  inner->Put("y", SpanOf("22"), false);
  EXPECT_FALSE(inner->PutIfAbsent("y", SpanOf("3"), false));
  const std::unique_ptr<WritableFile> file = inner->Create("data/z");
  file->Append(SpanOf("abc"));
  file->Close(true);
  EXPECT_EQ(Names("tree/branch/data"), (std::vector<std::string>{"tree/branch/data/x", "tree/branch/data/z"}));
  EXPECT_EQ(inner->List("").at(0).path, "y");
  EXPECT_EQ(inner->ListFolders(""), std::vector<std::string>{"data"});
  EXPECT_EQ(Text(inner->Open("data/z")->Read({0, 3}).span()), "abc");
  EXPECT_EQ(KindThrownBy([&] { inner->Open("../other/x"); }), ErrorKind::kInvalid);
  EXPECT_EQ(inner->Whole(), store_);
  inner->Delete("data/x");
  EXPECT_FALSE(store_->Exists("tree/branch/data/x"));
}

TEST_P(StoreTest, ListsFoldersAndRemovesEmptyOnes) {
  EXPECT_TRUE(store_->ListFolders("").empty());
  store_->Put("a/b/c", SpanOf("1"), false);
  store_->Put("a/d/e/f", SpanOf("1"), false);
  store_->Put("a/g", SpanOf("1"), false);
  std::vector<std::string> folders = store_->ListFolders("a");
  std::sort(folders.begin(), folders.end());
  EXPECT_EQ(folders, (std::vector<std::string>{"a/b", "a/d"}));
  EXPECT_EQ(store_->ListFolders(""), std::vector<std::string>{"a"});
  store_->DeleteEmptyFolder("a/b");
  EXPECT_TRUE(store_->Exists("a/b/c"));
  store_->Delete("a/b/c");
  store_->DeleteEmptyFolder("a/b");
  store_->DeleteEmptyFolder("a/nosuch");
  EXPECT_EQ(store_->ListFolders("a"), std::vector<std::string>{"a/d"});
}

TEST_P(StoreTest, RemovesAFolderWithAllBelowIt) {
  for (const char* path : {"a/x", "a/b/y", "ab/z", "w"}) store_->Put(path, SpanOf("1"), false);
  const ReadableFilePtr open = store_->Open("a/x");
  EXPECT_TRUE(store_->DeleteTree("a"));
  EXPECT_FALSE(store_->DeleteTree("a"));
  EXPECT_EQ(Text(open->Read({0, 1}).span()), "1");
  EXPECT_TRUE(Names("a").empty());
  EXPECT_THAT(Names("ab"), testing::ElementsAre("ab/z"));
  EXPECT_TRUE(OpenFolder(store_, "ab")->DeleteTree(""));
  EXPECT_THAT(Names(""), testing::ElementsAre("w"));
  EXPECT_TRUE(store_->DeleteTree(""));
  EXPECT_FALSE(store_->DeleteTree(""));
  store_->Put("a/x", SpanOf("2"), true);
  EXPECT_EQ(Text(store_->Open("a/x")->Read({0, 1}).span()), "2");
}

TEST_P(StoreTest, RenamesFilesOfAFolderAllAtOnce) {
  for (const char* path : {"f/1", "f/2", "f/3"}) store_->Put(path, SpanOf(path), false);
  store_->RenameAll("f", {{"1", "2"}, {"2", "1"}, {"none", "other"}});
  EXPECT_THAT(Names("f"), testing::ElementsAre("f/1", "f/2", "f/3"));
  EXPECT_EQ(Text(store_->Open("f/1")->Read({0, 3}).span()), "f/2");
  EXPECT_EQ(Text(store_->Open("f/2")->Read({0, 3}).span()), "f/1");
  store_->RenameAll("f", {{"3", "4"}});
  EXPECT_THAT(Names("f"), testing::ElementsAre("f/1", "f/2", "f/4"));
  EXPECT_TRUE(store_->ListFolders("") == std::vector<std::string>{"f"});
}

TEST_P(StoreTest, CountsWhatIsAskedOfItsFiles) {
  const IoStats process = IoCounters::Process().Get();
  const std::unique_ptr<WritableFile> file = store_->Create("x");
  file->Append(SpanOf("0123456789"));
  EXPECT_EQ(store_->counters()->Get().writes, 0u);
  file->Close(false);
  EXPECT_TRUE(OpenFolder(store_, "inner")->PutIfAbsent("y", SpanOf("12"), false));
  EXPECT_FALSE(store_->PutIfAbsent("x", SpanOf("12"), false));
  const ReadableFilePtr open = store_->Open("x");
  open->Read({2, 3});
  RangeBatch batch;
  const std::vector<ByteRange> ranges = {{0, 2}, {4, 3}, {1, 2}};  // the first two are near each other
  std::vector<ByteSpan> spans(ranges.size());
  batch.Read(*open, ranges, spans, nullptr);
  const IoStats stats = store_->counters()->Take();
  EXPECT_EQ(stats.writes, 2u);
  EXPECT_EQ(stats.written_bytes, 12u);
  EXPECT_GE(stats.reads, 2u);
  EXPECT_LE(stats.reads, 3u);
  EXPECT_GE(stats.read_bytes, 3u + 7u);
  EXPECT_GE(IoCounters::Process().Get().reads - process.reads, stats.reads);
  EXPECT_EQ(store_->counters()->Get().reads, 0u);
}

TEST_P(StoreTest, ReadsBackWhatWasPut) {
  for (const bool sync : {false, true}) {
    store_->Put("a/b/c.bin", SpanOf("hello world"), sync);
    const ReadableFilePtr file = store_->Open("a/b/c.bin");
    EXPECT_EQ(file->size(), 11u);
    EXPECT_EQ(Text(file->Read({6, 5}).span()), "world");
    EXPECT_EQ(Text(file->Read({11, 0}).span()), "");
    store_->Put("a/b/c.bin", SpanOf("bye"), sync);
    EXPECT_EQ(Text(store_->Open("a/b/c.bin")->Read({0, 3}).span()), "bye");
    EXPECT_EQ(Text(file->Read({0, 5}).span()), "hello") << "an open file never changes";
  }
}

TEST_P(StoreTest, RejectsRangesOutsideTheFile) {
  store_->Put("x", SpanOf("12345"), false);
  const ReadableFilePtr file = store_->Open("x");
  EXPECT_EQ(KindThrownBy([&] { file->Read({3, 3}); }), ErrorKind::kCorrupt);
  EXPECT_EQ(KindThrownBy([&] { file->Read({6, 0}); }), ErrorKind::kCorrupt);
  EXPECT_EQ(KindThrownBy([&] { file->Read({~uint64_t{0}, 2}); }), ErrorKind::kCorrupt);
}

TEST_P(StoreTest, ChecksAKnownSize) {
  store_->Put("x", SpanOf("12345"), false);
  EXPECT_EQ(store_->Open("x", 5)->size(), 5u);
  EXPECT_EQ(KindThrownBy([&] { store_->Open("x", 6); }), ErrorKind::kCorrupt);
}

TEST_P(StoreTest, ReportsAMissingFile) {
  EXPECT_EQ(KindThrownBy([&] { store_->Open("nowhere/x"); }), ErrorKind::kNotFound);
  EXPECT_FALSE(store_->Exists("nowhere/x"));
  EXPECT_TRUE(store_->List("nowhere").empty());
  EXPECT_NO_THROW(store_->Delete("nowhere/x"));
}

TEST_P(StoreTest, RejectsPathsThatLeaveTheRoot) {
  for (const char* path : {"", "/etc/passwd", "../x", "a/../x", "a//x", "a/", "./x"}) {
    EXPECT_EQ(KindThrownBy([&] { store_->Open(path); }), ErrorKind::kInvalid) << path;
    EXPECT_EQ(KindThrownBy([&] { store_->Put(path, {}, false); }), ErrorKind::kInvalid) << path;
  }
}

TEST_P(StoreTest, ShowsAWrittenFileOnlyAfterClose) {
  auto file = store_->Create("data/new.lance");
  const std::string big(300'000, 'x');
  file->Append(SpanOf("head"));
  file->Append(SpanOf(big));
  file->Append(SpanOf("tail"));
  EXPECT_EQ(file->size(), big.size() + 8);
  EXPECT_FALSE(store_->Exists("data/new.lance"));
  file->Close(true);
  EXPECT_EQ(KindThrownBy([&] { file->Append(SpanOf("more")); }), ErrorKind::kIo);
  const ReadableFilePtr read = store_->Open("data/new.lance", big.size() + 8);
  EXPECT_EQ(Text(read->Read({0, read->size()}).span()), "head" + big + "tail");
}

TEST_P(StoreTest, LeavesNothingOfAFileThatWasNotClosed) {
  store_->Create("data/dropped.lance")->Append(SpanOf("x"));
  EXPECT_TRUE(Names("data").empty());
}

TEST_P(StoreTest, PutsOnlyWhereNothingIs) {
  for (const bool sync : {false, true}) {
    const std::string path = sync ? "v/1" : "v/2";
    EXPECT_TRUE(store_->PutIfAbsent(path, SpanOf("first"), sync));
    EXPECT_FALSE(store_->PutIfAbsent(path, SpanOf("second"), sync));
    EXPECT_EQ(Text(store_->Open(path)->Read({0, 5}).span()), "first");
  }
  EXPECT_THAT(Names("v"), testing::ElementsAre("v/1", "v/2"));
}

TEST_P(StoreTest, LetsOneOfManyWritersWin) {
  std::atomic<int> winners{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] { winners += store_->PutIfAbsent("race", SpanOf(std::to_string(i)), false); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(winners.load(), 1);
}

TEST_P(StoreTest, ListsFilesOfOneFolder) {
  store_->Put("f/a", SpanOf("1"), false);
  store_->Put("f/b", SpanOf("22"), false);
  store_->Put("f/g/c", SpanOf("3"), false);
  store_->Put("top", SpanOf("4"), false);
  EXPECT_THAT(Names("f"), testing::ElementsAre("f/a", "f/b"));
  EXPECT_THAT(Names(""), testing::ElementsAre("top"));
  for (const FileInfo& file : store_->List("f")) {
    EXPECT_EQ(file.size, file.path == "f/a" ? 1u : 2u);
    EXPECT_GT(file.modified_ns, 1'500'000'000'000'000'000);
  }
  store_->Delete("f/a");
  EXPECT_THAT(Names("f"), testing::ElementsAre("f/b"));
}

TEST_P(StoreTest, CoalescesRangesAndCountsThem) {
  std::string text(20'000, ' ');
  for (size_t i = 0; i < text.size(); ++i) text[i] = char('a' + i % 26);
  store_->Put("x", SpanOf(text), false);
  const std::vector<ByteRange> ranges{{10'000, 10}, {0, 5}, {100, 7}, {3, 4}, {19'990, 10}, {50, 0}};
  std::vector<ByteSpan> out(ranges.size());
  ScanStats stats;
  RangeBatch batch;
  batch.Read(*store_->Open("x"), ranges, out, &stats, {.max_hole_bytes = 200});
  for (size_t i = 0; i < ranges.size(); ++i) EXPECT_EQ(Text(out[i]), text.substr(ranges[i].offset, ranges[i].length)) << i;
  EXPECT_EQ(stats.requests.load(), 3u);
  EXPECT_EQ(stats.bytes.load(), 107u + 10 + 10);
  EXPECT_EQ(stats.rounds.load(), 1u);
  const std::vector<ByteRange> outside{{19'999, 2}};
  EXPECT_EQ(KindThrownBy([&] { batch.Read(*store_->Open("x"), outside, out, nullptr); }), ErrorKind::kCorrupt);
}

TEST_P(StoreTest, BoundsCoalescedRequests) {
  store_->Put("x", SpanOf(std::string(1000, 'x')), false);
  std::vector<ByteRange> ranges;
  for (uint64_t i = 0; i < 10; ++i) ranges.push_back({i * 100, 100});
  std::vector<ByteSpan> out(ranges.size());
  ScanStats stats;
  RangeBatch().Read(*store_->Open("x"), ranges, out, &stats, {.max_request_bytes = 300});
  EXPECT_EQ(stats.requests.load(), 4u);
  EXPECT_EQ(stats.bytes.load(), 1000u);
}

TEST_P(StoreTest, ReadsEmptyFiles) {
  store_->Put("empty", {}, false);
  const ReadableFilePtr file = store_->Open("empty");
  EXPECT_EQ(file->size(), 0u);
  EXPECT_EQ(file->Read({0, 0}).size(), 0u);
  const std::vector<ByteRange> ranges{{0, 0}};
  std::vector<ByteSpan> out(1);
  RangeBatch().Read(*file, ranges, out, nullptr);
}

std::string ContentOf(const ObjectStorePtr& store) { return Text(store->Open("file")->Mapped().span()); }

TEST(MemoryStoreTest, AReplacementTakesTheNameAndHoldersKeepWhatTheyHad) {
  const ObjectStorePtr old = OpenStore("memory://replaced/a");
  old->Put("file", SpanOf("old"), false);
  const ObjectStorePtr replacement = MakeReplacement(old);
  replacement->Put("file", SpanOf("new"), false);
  EXPECT_EQ(ContentOf(OpenStore("memory://replaced/a/")), "old");
  NameMemory(replacement);
  EXPECT_EQ(ContentOf(OpenStore("memory://replaced/a")), "new");
  EXPECT_EQ(ContentOf(old), "old");
  EXPECT_EQ(old->root(), replacement->root());
}

TEST(MemoryStoreTest, AnIdentityLeadsToOneStoreWhileSomebodyHoldsIt) {
  ObjectStorePtr first = MakeReplacement(OpenStore("memory://identified"));
  NameMemory(first);
  first->Put("x/file", SpanOf("first"), false);
  const std::string identity = first->identity(), folder = "memory://identified/x" + identity.substr(identity.find('#'));
  NameMemory(MakeReplacement(first));
  EXPECT_EQ(OpenStore(identity)->root(), "memory://identified");
  EXPECT_EQ(ContentOf(OpenStore(folder)), "first");
  EXPECT_FALSE(OpenStore("memory://identified")->Exists("x/file"));
  first.reset();
  EXPECT_FALSE(OpenStore(identity)->Exists("x/file"));
  EXPECT_EQ(OpenStore("memory://other#1")->root(), "memory://other#1");
}

TEST(MemoryStoreTest, OnlyMemoryIsReplaced) {
  const ObjectStorePtr local = MakeLocalStore(fs::temp_directory_path());
  EXPECT_EQ(MakeReplacement(local), nullptr);
  EXPECT_EQ(local->identity(), "");
}

INSTANTIATE_TEST_SUITE_P(
    Drivers, StoreTest,
    testing::Values(Driver{"Mapped", [](const std::string& folder) { return MakeLocalStore(folder); }},
                    Driver{"Pread", [](const std::string& folder) { return MakeLocalStore(folder, {.map_files = false}); }},
                    Driver{"Memory", [](const std::string&) { return MakeMemoryStore("test"); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace eider::io
