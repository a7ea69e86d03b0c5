#include "eider/file/blob_writer.h"

#include <gtest/gtest.h>

#include <numeric>

#include "eider/base/error.h"
#include "eider/file/file_writer.h"
#include "eider/schema/blob_columns.h"
#include "eider/schema/logical_type.h"
#include "eider/testing/arrays.h"
#include "eider/testing/large_binaries.h"

namespace eider::file {
namespace {

using Values = std::vector<std::optional<std::string>>;

LanceField V1Field() {
  return {.name = "b", .id = 0, .logical_type = "large_binary", .metadata = {{std::string(kBlobKey), "true"}}};
}

Field V2Field(KeyValues metadata = {}) {
  metadata.emplace_back(kExtensionNameKey, kBlobV2Extension);
  auto type = std::make_shared<DataType>(
      DataType{.id = TypeId::kStruct, .children = {{"data", MakeType(TypeId::kLargeBinary)}, {"uri", MakeType(TypeId::kUtf8)}}});
  return {.name = "b", .type = std::move(type), .metadata = std::move(metadata)};
}

/// Blobs of data alone.
ArrayPtr Blobs(const Values& values) {
  auto array = std::make_shared<Array>();
  const ArrayPtr data = testing::LargeBinaries(values);
  array->type = V2Field().type;
  array->length = data->length;
  array->validity = data->validity;
  array->children = {data, testing::Strings(Values(values.size()))};
  return array;
}

/// Files by number, 0 the data file; remembers where appended bytes lay in memory.
struct Files {
  class Writer final : public io::WritableFile {
   public:
    Writer(Files* files, uint32_t id) : files_(files), id_(id) {}
    void Append(ByteSpan bytes) override {
      files_->appended.push_back(bytes);
      bytes_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    }
    uint64_t size() const override { return bytes_.size(); }
    void Close(bool sync) override {
      files_->closed[id_] = bytes_;
      files_->synced += sync;
    }

   private:
    Files* files_;
    const uint32_t id_;
    std::string bytes_;
  };
  BlobWriteOptions options() {
    return {.create_side_car = [this](uint32_t id) { return std::make_unique<Writer>(this, id); }};
  }
  std::unique_ptr<io::WritableFile> data() { return std::make_unique<Writer>(this, 0); }

  std::map<uint32_t, std::string> closed;
  std::vector<ByteSpan> appended;
  int synced = 0;
};

std::shared_ptr<Session> SmallSession() { return std::make_shared<Session>(SessionOptions{.memory_limit = 1 << 20, .cpu_threads = 1}); }

template <typename T>
std::vector<T> Numbers(const Array& descriptors, size_t child) {
  const T* values = descriptors.children[child]->buffers[0].as<T>();
  return {values, values + descriptors.length};
}

TEST(BlobWriterTest, WritesValuesOfFormV1AlignedAndSaysWhereTheyAre) {
  std::string file(10, 'x');
  const auto append = [&](ByteSpan bytes) {
    file.resize((file.size() + 63) / 64 * 64);
    file.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return uint64_t(file.size() - bytes.size());
  };
  SideCars none{{}};
  BlobWriter writer(V1Field(), append, &none);
  const ArrayPtr array = testing::LargeBinaries({"cut off", "abc", std::nullopt, "", "de", "cut off"});
  const ArrayPtr descriptors = writer.Store(SliceArray(array, 1, 4));
  EXPECT_EQ(Numbers<uint64_t>(*descriptors, 0), (std::vector<uint64_t>{64, 0, 0, 128}));
  EXPECT_EQ(Numbers<uint64_t>(*descriptors, 1), (std::vector<uint64_t>{3, 0, 0, 2}));
  EXPECT_EQ(CountNulls(*descriptors), 1);
  EXPECT_FALSE(descriptors->IsValid(1));
  EXPECT_EQ(file.size(), 130u);
}

TEST(BlobWriterTest, CopiesNoValueOnItsWayAndHoldsNone) {
  Files files;
  FileWriter writer(files.data(), {.fields = {V1Field()}}, {.version = {2, 1}}, SmallSession());
  const ArrayPtr array = testing::LargeBinaries({std::string(8 << 20, 'a'), std::string(100, 'b')});
  auto schema = std::make_shared<Schema>(ToArrowSchema({.fields = {V1Field()}}));
  writer.Write({schema, 2, {array}});
  // Both have left, straight from the caller's memory, though the budget is an eighth of the first.
  ASSERT_EQ(files.appended.size(), 2u);
  EXPECT_EQ(files.appended[0].data(), array->buffers[1].data());
  EXPECT_EQ(files.appended[1].data(), array->buffers[1].data() + (8 << 20));
  EXPECT_EQ(writer.Finish(false).num_rows, 2u);
}

TEST(BlobWriterTest, SortsValuesOfFormV2BySize) {
  const LanceSchema schema = ToLanceSchema({.fields = {V2Field({{"lance-encoding:blob-inline-size-threshold", "4"},
                                                                {"lance-encoding:blob-dedicated-size-threshold", "8"},
                                                                {"lance-encoding:blob-pack-file-size-threshold", "14"}})}});
  Files files;
  SideCars side_cars(files.options());
  std::string inlined;
  const auto append = [&](ByteSpan bytes) {
    inlined.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return uint64_t(inlined.size() - bytes.size());
  };
  BlobWriter writer(schema.fields[0], append, &side_cars);
  const ArrayPtr out = writer.Store(Blobs({"1234", "fives", "eight888", std::nullopt, "123456789", "sixsix", "", "sevenis"}));
  writer.Finish();
  EXPECT_EQ(Numbers<uint8_t>(*out, 0), (std::vector<uint8_t>{0, 1, 1, 0, 2, 1, 0, 1}));
  EXPECT_EQ(Numbers<uint64_t>(*out, 1), (std::vector<uint64_t>{0, 0, 5, 0, 0, 0, 4, 6}));
  EXPECT_EQ(Numbers<uint64_t>(*out, 2), (std::vector<uint64_t>{4, 5, 8, 0, 9, 6, 0, 7}));
  EXPECT_EQ(Numbers<uint32_t>(*out, 3), (std::vector<uint32_t>{0, 1, 1, 0, 2, 3, 0, 3}));
  EXPECT_FALSE(out->IsValid(3));
  EXPECT_EQ(inlined, "1234");
  EXPECT_EQ(files.closed, (std::map<uint32_t, std::string>{{1, "fiveseight888"}, {2, "123456789"}, {3, "sixsixsevenis"}}));
  EXPECT_EQ(files.synced, 3);
}

TEST(BlobWriterTest, AValueLargerThanASharedFileHasItAlone) {
  Files files;
  SideCars side_cars(files.options());
  SideCarPack pack(&side_cars, 3);
  const std::string text = "abcdefgh";
  const auto store = [&](size_t n) { return pack.Store({reinterpret_cast<const uint8_t*>(text.data()), n}).blob_id; };
  EXPECT_EQ((std::vector<uint32_t>{store(8), store(1), store(2), store(1)}), (std::vector<uint32_t>{1, 2, 2, 3}));
  pack.Finish();
  pack.Finish();
  EXPECT_EQ(files.closed[1].size() + files.closed[2].size() + files.closed[3].size(), 12u);
}

std::string ErrorOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return fmt::format("{} {}", ErrorKindName(error.kind()), error.what());
  }
  return "";
}

TEST(BlobWriterTest, RefusesWhatAFileCannotHoldAndNamesIt) {
  const auto open = [](const LanceSchema& schema, uint16_t minor) {
    return ErrorOf([&] {
      Files files;
      FileWriter writer(files.data(), schema, {.version = {2, minor}}, SmallSession());
    });
  };
  const LanceSchema v2 = ToLanceSchema({.fields = {V2Field()}});
  EXPECT_EQ(open({.fields = {V1Field()}}, 0), "");
  EXPECT_EQ(open(v2, 0), "kUnsupported column 'b': extension lance.blob.v2 needs files of version 2.2 or later");
  EXPECT_EQ(open(v2, 1), "kUnsupported column 'b': extension lance.blob.v2 needs files of version 2.2 or later");
  EXPECT_EQ(open(v2, 2), "kUnsupported field 'b': blobs of form v2 outside a dataset");
  const Field list{"l", std::make_shared<DataType>(DataType{.id = TypeId::kList, .children = {ToArrowField(V1Field())}})};
  EXPECT_EQ(open(ToLanceSchema({.fields = {list}}), 1), "kUnsupported field 'l.b': blobs of form v1 inside lists");
}

TEST(BlobWriterTest, ChecksTypesBeforeAnythingIsWritten) {
  Files files;
  FileWriter writer(files.data(), {.fields = {V1Field()}}, {.version = {2, 1}}, SmallSession());
  auto schema = std::make_shared<Schema>(ToArrowSchema({.fields = {V1Field()}}));
  const ArrayPtr strings = testing::Strings({"a"});
  EXPECT_EQ(ErrorOf([&] { writer.Write({schema, 1, {strings}}); }), "kInvalid column 'b': expected large_binary, found string");
  EXPECT_TRUE(files.appended.empty());
}

}  // namespace
}  // namespace eider::file
