#include "eider/io/local_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "eider/io/local_file.h"

namespace eider::io {
namespace {

namespace fs = std::filesystem;

std::vector<std::string>& Calls() {
  static std::vector<std::string> calls;
  return calls;
}
void RecordCall(std::string_view operation, std::string_view path) {
  Calls().push_back(fmt::format("{} {}", operation, fs::path(path).filename().string()));
}

class LocalStoreTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("eider_local_{}_{}", ::getpid(), counter_++);
    fs::create_directories(folder_);
    store_ = MakeLocalStore(folder_ / "root");
    Calls().clear();
    SetIoObserver(&RecordCall);
  }
  void TearDown() override {
    SetIoObserver(nullptr);
    fs::remove_all(folder_);
  }
  static inline int counter_ = 0;
  fs::path folder_;
  ObjectStorePtr store_;
};

TEST_F(LocalStoreTest, SyncsContentsBeforeTheNameAndFoldersAfter) {
  store_->Put("data/x", SpanOf("1"), true);
  EXPECT_THAT(Calls(), testing::ElementsAre("mkdir root", "mkdir data", "create x", "write x", "fsync x", "close x", "rename x",
                                            "fsync_dir data", "fsync_dir root", "fsync_dir " + folder_.filename().string()));
  Calls().clear();
  EXPECT_TRUE(store_->PutIfAbsent("data/y", SpanOf("2"), true));
  EXPECT_THAT(Calls(), testing::ElementsAre("write y", "fsync y", "link y"));
  Calls().clear();
  store_->SyncFolder("data");
  EXPECT_THAT(Calls(), testing::ElementsAre("fsync_dir data"));
}

TEST_F(LocalStoreTest, DoesNotSyncUnlessAsked) {
  store_->Put("data/x", SpanOf("1"), false);
  store_->PutIfAbsent("data/y", SpanOf("2"), false);
  for (const std::string& call : Calls()) EXPECT_FALSE(call.starts_with("fsync")) << call;
}

TEST_F(LocalStoreTest, AHintIsOverwrittenInPlaceUnlessItShrinksOrIsShared) {
  const fs::path hint = folder_ / "root" / "hint", other = folder_ / "root" / "other";
  const auto inode = [&] {
    struct stat info;
    EXPECT_EQ(::stat(hint.c_str(), &info), 0);
    return info.st_ino;
  };
  const auto text = [](const fs::path& path) {
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  store_->PutHint("hint", SpanOf("9"));
  const auto first = inode();
  Calls().clear();
  store_->PutHint("hint", SpanOf("10"));
  EXPECT_THAT(Calls(), testing::ElementsAre("write hint"));
  EXPECT_EQ(inode(), first);
  EXPECT_EQ(text(hint), "10");
  fs::create_hard_link(hint, other);
  store_->PutHint("hint", SpanOf("11"));
  EXPECT_EQ(text(hint), "11");
  EXPECT_EQ(text(other), "10") << "a copy of the table by hard links keeps its own";
  store_->PutHint("hint", SpanOf("9"));
  EXPECT_EQ(text(hint), "9");
  EXPECT_EQ(store_->List("").size(), 2u) << "no temporary file is left";
}

TEST_F(LocalStoreTest, ReportsAFullDiskAndKeepsTheName) {
  store_->Put("small", SpanOf("1"), false);
  signal(SIGXFSZ, SIG_IGN);
  struct rlimit before;
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const struct rlimit small{100'000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string message;
  try {
    store_->Put("small", SpanOf(std::string(200'000, 'x')), true);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kIo);
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_THAT(message, testing::AllOf(testing::HasSubstr("root/small"), testing::HasSubstr("File too large")));
  EXPECT_EQ(store_->Open("small")->size(), 1u);
  EXPECT_EQ(store_->List("").size(), 1u) << "no temporary file is left";
}

TEST_F(LocalStoreTest, MapsAFileOnceForAllOpeners) {
  store_->Put("x", SpanOf(std::string(kCopiedBytes + 1, 'x')), false);
  const Buffer first = store_->Open("x")->Mapped();
  ASSERT_TRUE(first.present());
  EXPECT_EQ(first.data(), store_->Open("x")->Mapped().data());
  EXPECT_EQ(store_->Open("x")->Read({3, 2}).data(), first.data() + 3);
}

/// The second file has the name, size and time of the first, and where the system gives inodes out again, its inode.
TEST_F(LocalStoreTest, AFileIsNotTakenForOneThatWasThere) {
  const fs::path path = folder_ / "root" / "x";
  for (const size_t size : {size_t{8}, size_t{2 * kCopiedBytes}}) {
    store_->Put("x", SpanOf(std::string(size, 'a')), false);
    const fs::file_time_type written = fs::last_write_time(path);
    EXPECT_EQ(store_->Open("x")->Read({0, 1}).span()[0], 'a');
    store_->Delete("x");
    store_->Put("x", SpanOf(std::string(size, 'b')), false);
    fs::last_write_time(path, written);
    EXPECT_EQ(store_->Open("x")->Read({0, 1}).span()[0], 'b');
  }
}

TEST_F(LocalStoreTest, WhatIsLearnedOfAFileThatMayBeReplacedWithinATickIsNotKept) {
  store_->Put("x", SpanOf("contents"), false);
  const fs::path path = folder_ / "root" / "x";
  fs::last_write_time(path, fs::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(store_->Open("x")->StateName(), "");
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(1));
  const std::string name = store_->Open("x")->StateName();
  EXPECT_NE(name, "");
  EXPECT_EQ(store_->Open("x", 8)->StateName(), name);
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_NE(store_->Open("x")->StateName(), name);
}

TEST_F(LocalStoreTest, WritesIntoAViewDoNotReachTheFile) {
  store_->Put("x", SpanOf("contents"), false);
  const_cast<uint8_t*>(store_->Open("x")->Mapped().data())[0] = 'C';
  std::ifstream file(folder_ / "root" / "x");
  std::string text;
  file >> text;
  EXPECT_EQ(text, "contents");
}

TEST_F(LocalStoreTest, AViewOutlivesFileAndStore) {
  store_->Put("x", SpanOf("contents"), false);
  const Buffer view = store_->Open("x")->Read({0, 8});
  store_->Delete("x");
  store_.reset();
  EXPECT_EQ(std::string(view.as<char>(), view.size()), "contents");
}

TEST_F(LocalStoreTest, RemovesLinksAndNotWhatTheyPointTo) {
  store_->Put("kept/file", SpanOf("1"), false);
  store_->Put("gone/file", SpanOf("2"), false);
  std::filesystem::create_directory_symlink(folder_ / "root" / "kept", folder_ / "root" / "gone" / "link");
  EXPECT_TRUE(store_->DeleteTree("gone"));
  EXPECT_TRUE(store_->Exists("kept/file"));
  EXPECT_FALSE(store_->Exists("gone/file"));
}

TEST_F(LocalStoreTest, WhatACrashLeftOfARenamingIsInNobodysWay) {
  store_->Put("f/1", SpanOf("new"), false);
  // Before the folders changed places, or after: links to the same files, and what somebody wrote into the one that was there before.
  store_->Put("f.renamed/late", SpanOf("rest"), false);
  std::filesystem::create_hard_link(folder_ / "root" / "f" / "1", folder_ / "root" / "f.renamed" / "0");
  store_->RenameAll("f", {{"1", "2"}});
  EXPECT_EQ(store_->Open("f/2")->size(), 3u);
  EXPECT_EQ(store_->Open("f/late")->size(), 4u);
  EXPECT_FALSE(store_->Exists("f/1"));
  EXPECT_FALSE(store_->Exists("f/0"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "root" / "f.renamed"));
}

TEST_F(LocalStoreTest, TwoFilesOfOneNameStopARenamingAndBothStay) {
  store_->Put("f/1", SpanOf("new"), false);
  store_->Put("f.renamed/1", SpanOf("old"), false);
  EXPECT_THROW(store_->RenameAll("f", {{"1", "2"}}), Error);
  EXPECT_EQ(store_->Open("f/1")->size(), 3u);
  EXPECT_TRUE(store_->Exists("f.renamed/1"));
}

TEST_F(LocalStoreTest, TheRootGoesAsAnEmptyFolderAlone) {
  store_->Put("x", SpanOf("1"), false);
  EXPECT_THROW(store_->DeleteRoot(), Error);
  store_->Delete("x");
  EXPECT_TRUE(store_->DeleteRoot());
  EXPECT_FALSE(store_->DeleteRoot());
}

TEST_F(LocalStoreTest, AFolderIsNoFile) {
  store_->Put("folder/x", SpanOf("1"), false);
  EXPECT_FALSE(store_->Exists("folder"));
  EXPECT_THROW(store_->Open("folder"), Error);
  EXPECT_THROW(store_->Open("folder", 4096), Error);
}

TEST_F(LocalStoreTest, ASmallFileIsHeldWhole) {
  store_->Put("x", SpanOf("contents"), false);
  const ReadableFilePtr file = store_->Open("x", 8);
  const Buffer held = file->Mapped();
  fs::resize_file(folder_ / "root" / "x", 3);
  ::usleep(30'000);
  file->CheckNotCut();
  EXPECT_EQ(std::string(held.as<char>(), held.size()), "contents");
  EXPECT_THROW(store_->Open("x", 8), Error) << "the file has another size than was recorded";
  EXPECT_THROW(store_->Open("y", 8), Error);
}

TEST_F(LocalStoreTest, APipeIsNoFileAndIsNotWaitedFor) {
  store_->Put("x", SpanOf("1"), false);
  ASSERT_EQ(::mkfifo((folder_ / "root" / "pipe").c_str(), 0600), 0);
  EXPECT_THROW(store_->Open("pipe"), Error);
  EXPECT_THROW(store_->Open("pipe", 100), Error);
}

TEST_F(LocalStoreTest, ForgetsTheLeastUsedMapping) {
  MappingCache cache(2);
  for (uint64_t i = 0; i < 3; ++i) {
    const std::string name = "f" + std::to_string(i);
    store_->Put(name, SpanOf("contents"), false);
    FILE* file = fopen((folder_ / "root" / name).c_str(), "r");
    ASSERT_NE(file, nullptr);
    EXPECT_TRUE(cache.Map({1, i, 8, 0}, fileno(file)).present());
    fclose(file);
    cache.Find({1, 0, 8, 0});
  }
  EXPECT_EQ(cache.size(), 2u);
  EXPECT_TRUE(cache.Find({1, 0, 8, 0}).present());
  EXPECT_FALSE(cache.Find({1, 1, 8, 0}).present());
}

TEST(OpenStoreTest, KnowsItsSchemes) {
  EXPECT_EQ(OpenStore("/tmp/a//b/")->root(), "/tmp/a/b");
  EXPECT_EQ(OpenStore("file:///tmp/a%20b")->root(), "/tmp/a b");
  EXPECT_EQ(OpenStore("memory://m/f/")->root(), "memory://m/f");
  OpenStore("memory://m")->Put("f/x", SpanOf("1"), false);
  EXPECT_TRUE(OpenStore("memory://m/f")->Exists("x"));
  EXPECT_FALSE(OpenStore("memory://other/f")->Exists("x"));
  try {
    OpenStore("s3://bucket/x");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_THAT(error.what(), testing::HasSubstr("'s3'"));
  }
}

TEST_F(LocalStoreTest, SaysThatAnOpenFileWasCutShortBeforeItsMappingIsTouched) {
  store_->Put("a", SpanOf(std::string(10'000, 'x')), false);
  const ReadableFilePtr file = store_->Open("a");
  ASSERT_TRUE(file->Mapped().present());
  const auto wait = [] { ::usleep(30'000); };
  wait();
  file->CheckNotCut();
  fs::resize_file(folder_ / "root" / "a", 3);
  wait();
  try {
    file->CheckNotCut();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    EXPECT_THAT(error.what(), testing::HasSubstr("it was cut to 3 bytes since it was opened with 10000"));
  }
  store_->Put("a", SpanOf("another"), false);  // another file of that name: the mapping is of the old one, which is whole
  wait();
  file->CheckNotCut();
  store_->Delete("a");
  wait();
  file->CheckNotCut();
}

}  // namespace
}  // namespace eider::io
