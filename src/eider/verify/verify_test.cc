// One byte of a table is changed, in each of its files: verify names the file, and in pages column and page; or the byte is padding, which
// nothing leads a reader to.

#include <eider/verify.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "eider/base/error.h"
#include "eider/file/file_reader.h"
#include "eider/mutate/delete.h"
#include "eider/mutate/write.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/logical_type.h"
#include "eider/table/refs.h"
#include "eider/testing/arrays.h"
#include "eider/testing/int_columns.h"
#include "eider/testing/large_binaries.h"

namespace eider::verify {
namespace {

constexpr int64_t kRows = 300;
constexpr uint64_t kTriesOfAFile = 700;

using Texts = std::vector<std::optional<std::string>>;

/// Numbers, texts, and blobs of which some are in side-cars.
std::unique_ptr<RecordBatchReader> ManyColumns() {
  std::mt19937_64 random(7);
  std::vector<int64_t> numbers;
  Texts texts, blobs;
  for (int64_t i = 0; i < kRows; ++i) {
    numbers.push_back(static_cast<int64_t>(random() >> 20));
    texts.push_back(i % 9 == 0 ? std::nullopt : std::optional(fmt::format("text {}", random())));
    blobs.push_back(i % 50 != 0 ? std::nullopt : std::optional(std::string(i % 100 == 0 ? 200 : 70'000, static_cast<char>('a' + i / 50))));
  }
  const TypePtr blob = std::make_shared<DataType>(
      DataType{.id = TypeId::kStruct, .children = {{"data", MakeType(TypeId::kLargeBinary)}, {"uri", MakeType(TypeId::kUtf8)}}});
  auto stored = std::make_shared<Array>();
  const ArrayPtr data = testing::LargeBinaries(blobs);
  stored->type = blob;
  stored->length = data->length;
  stored->validity = data->validity;
  stored->children = {data, testing::Strings(Texts(blobs.size()))};
  auto schema = std::make_shared<Schema>();
  schema->fields = {{.name = "a", .type = MakeType(TypeId::kInt64)},
                    {.name = "s", .type = MakeType(TypeId::kUtf8)},
                    {.name = "b", .type = blob, .metadata = {{std::string(kExtensionNameKey), std::string(kBlobV2Extension)}}}};
  return MakeBatchReader(schema, {{.schema = schema, .num_rows = kRows, .columns = {testing::Numbers(numbers), testing::Strings(texts), stored}}});
}

/// Two data files of one writer, deleted rows, config, a tag, a branch.
table::Snapshot Make(const std::string& uri) {
  WriteOptions options;
  options.max_rows_per_file = 2 * kRows / 3;
  options.enable_stable_row_ids = true;
  const io::ObjectStorePtr store = io::OpenStore(uri);
  table::Snapshot snapshot = mutate::Create(store, *ManyColumns(), options);
  snapshot = mutate::DeleteRows(snapshot, {.text = "a % 5 = 0"}, {}, Session::Default()).snapshot;
  table::CreateTag(*store, "kept", snapshot, true);
  table::CreateBranch(store, "side", snapshot, true);
  return snapshot;
}

void AddPaths(const io::ObjectStore& store, const std::string& folder, std::vector<std::string>* paths) {
  for (io::FileInfo& file : store.List(folder)) paths->push_back(std::move(file.path));
  for (const std::string& below : store.ListFolders(folder)) AddPaths(store, below, paths);
}

std::string KindOf(const std::string& path) {
  for (const char* end : {".manifest", ".txn", ".lance", ".blob", ".bin"}) {
    if (path.ends_with(end)) return end;
  }
  return path.find("_refs/") != std::string::npos ? "reference" : "hint";
}

std::string ReadAll(const io::ObjectStore& store, const std::string& path) {
  const io::ReadableFilePtr file = store.Open(path);
  const Buffer bytes = file->Read({0, file->size()});
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// What lies where in a data file.
class Anatomy {
 public:
  explicit Anatomy(const io::ReadableFilePtr& file) : metadata_(file::FileReader::Open(file)->Metadata()) {}

  /// Column and page whose buffer has the byte.
  std::optional<std::pair<std::string, uint64_t>> PageAt(uint64_t at) const {
    for (const ColumnMetadata& column : metadata_.columns) {
      for (size_t page = 0; page < column.pages.size(); ++page) {
        for (const BufferMetadata& buffer : column.pages[page].buffers) {
          if (Holds(buffer, at)) return std::pair(column.name, page);
        }
      }
    }
    return std::nullopt;
  }
  /// No page, no global buffer has it, and the end of the file, from the schema on, neither.
  bool IsPadding(uint64_t at) const {
    if (PageAt(at) || at >= metadata_.global_buffers[0].offset) return false;
    return std::ranges::none_of(metadata_.global_buffers, [&](const BufferMetadata& buffer) { return Holds(buffer, at); });
  }

 private:
  static bool Holds(const BufferMetadata& buffer, uint64_t at) { return at >= buffer.offset && at - buffer.offset < buffer.size_bytes; }
  const FileMetadata metadata_;
};

struct Counts {
  uint64_t tries = 0, found = 0, padding = 0, missed = 0;
};

/// A side-car is named in what is said of its data file.
const Finding* FindingOf(const VerifyReport& report, const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  for (const Finding& finding : report.findings) {
    if (finding.is_damage && (finding.path == path || (path.ends_with(".blob") && finding.message.find(name) != std::string::npos))) return &finding;
  }
  return nullptr;
}

class Flips {
 public:
  Flips(std::string uri, std::string path) : uri_(std::move(uri)), path_(std::move(path)), store_(io::OpenStore(uri_)), bytes_(ReadAll(*store_, path_)) {
    if (KindOf(path_) == ".lance") anatomy_.emplace(store_->Open(path_));
  }
  ~Flips() { store_->Put(path_, SpanOf(bytes_), false); }

  void Run(Counts* counts) {
    const uint64_t step = std::max<uint64_t>(1, bytes_.size() / kTriesOfAFile) | 1;
    for (uint64_t at = 0; at < bytes_.size(); at += step) {
      for (const int flip : {1 << at % 8, 0xff}) {
        if (flip == 0xff && at % 4 != 0) continue;
        Try(at, flip, counts);
      }
    }
  }

 private:
  void Try(uint64_t at, int flip, Counts* counts) {
    std::string changed = bytes_;
    changed[at] = static_cast<char>(changed[at] ^ flip);
    store_->Put(path_, SpanOf(changed), false);
    const bool reads = path_.ends_with(".lance") || path_.ends_with(".blob");
    const VerifyReport report = VerifyTable(uri_, {.read_data = reads});
    ++counts->tries;
    if (const Finding* finding = FindingOf(report, path_)) {
      ++counts->found;
      const auto page = anatomy_ ? anatomy_->PageAt(at) : std::nullopt;
      const auto named = std::pair(finding->column, finding->page.value_or(UINT64_MAX));
      EXPECT_EQ(page.value_or(named), named) << path_ << ", byte " << at << ": " << finding->message;
    } else if (anatomy_ && anatomy_->IsPadding(at)) {
      ++counts->padding;
    } else {
      ++counts->missed;
      if (KindOf(path_) != "reference") ADD_FAILURE() << path_ << ": byte " << at << " of " << bytes_.size() << " ^ " << flip << " is not noticed";
    }
  }

  const std::string uri_, path_;
  const io::ObjectStorePtr store_;
  const std::string bytes_;
  std::optional<Anatomy> anatomy_;
};

TEST(VerifyTest, EveryChangedByteIsFoundOrIsPadding) {
  const std::string uri = "memory://verify_flips";
  Make(uri);
  ASSERT_TRUE(VerifyTable(uri).ok());
  std::vector<std::string> paths;
  AddPaths(*io::OpenStore(uri), "", &paths);
  std::map<std::string, Counts> counts;
  for (const std::string& path : paths) {
    if (KindOf(path) != "hint") Flips(uri, path).Run(&counts[KindOf(path)]);
    if (HasFailure()) break;
  }
  EXPECT_TRUE(VerifyTable(uri).ok()) << "what was changed is as it was";
  for (const char* kind : {".manifest", ".txn", ".lance", ".blob", ".bin", "reference"}) {
    const Counts& of = counts[kind];
    fmt::print("{}: {} bytes changed, {} found, {} padding, {} missed\n", kind, of.tries, of.found, of.padding, of.missed);
    // Tags and branches have no sum: a changed letter or digit of theirs is not noticed.
    EXPECT_GT(of.found, kind == std::string("reference") ? of.tries / 4 : of.tries / 2) << kind;
  }
}

TEST(VerifyTest, SaysWhatHasNoChecksums) {
  const std::string uri = "memory://verify_unchecked";
  const table::Snapshot snapshot = Make(uri);
  const VerifyReport whole = VerifyTable(uri);
  EXPECT_EQ(whole.num_unchecked_files + whole.num_unchecked_manifests + whole.num_unchecked_deletions, 0u);
  const std::string path = snapshot.store->List("_deletions").front().path;
  const std::string bytes = ReadAll(*snapshot.store, path);
  snapshot.store->Put(path, SpanOf(bytes).first(bytes.size() - 12), false);
  const VerifyReport report = VerifyTable(uri);
  EXPECT_TRUE(report.ok());
  EXPECT_GE(report.num_unchecked_deletions, 1u);
  EXPECT_EQ(report.num_unchecked_manifests, 0u);
}

}  // namespace
}  // namespace eider::verify
