#include "eider/file/checksums.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "eider/array/equal.h"
#include "eider/base/error.h"
#include "eider/file/file_writer.h"
#include "eider/io/store.h"
#include "eider/testing/arrays.h"
#include "eider/testing/bytes_file.h"

namespace eider::file {
namespace {

using ::testing::HasSubstr;

class ChecksumsTest : public ::testing::Test {
 protected:
  struct Asked {
    FileVersion version{2, 2};
    bool checksums = true;
    KeyValues metadata = {};
    std::string global_buffer = "";
    bool compact = false;
  };

  std::string Write(const ArrayPtr& array, const Asked& asked) {
    Schema schema;
    schema.fields = {{"v", array->type, true, asked.metadata}};
    const io::ObjectStorePtr store = io::MakeMemoryStore("checksums");
    FileWriter writer(store->Create("x.lance"), ToLanceSchema(schema), 
                      {.version = asked.version, .encoding = {.compact = asked.compact}, .checksums = asked.checksums}, session_);
    if (!asked.global_buffer.empty()) {
      writer.AddGlobalBuffer({reinterpret_cast<const uint8_t*>(asked.global_buffer.data()), asked.global_buffer.size()});
    }
    writer.Write({std::make_shared<Schema>(schema), array->length, {array}});
    writer.Finish(false);
    const Buffer written = store->Open("x.lance")->Mapped();
    return std::string(written.span().begin(), written.span().end());
  }

  std::shared_ptr<const FileReader> Open(const std::string& bytes, bool verify = true, bool mapped = false) {
    return FileReader::Open(std::make_shared<testing::BytesFile>(SpanOf(bytes), mapped), {.verify = verify});
  }

  /// True when a whole read refuses the file; else it must give `rows`.
  bool IsRefused(const std::string& bytes, const Array& rows, const std::string& what) {
    try {
      const auto reader = Open(bytes);
      EXPECT_EQ(reader->num_rows(), uint64_t(rows.length)) << what;
      const std::vector<ArrayPtr> read = reader->ReadRange(reader->AllColumns(), 0, reader->num_rows(), {});
      std::string difference;
      EXPECT_TRUE(read.size() == 1 && ArraysEqual(rows, *read[0], &difference)) << what << ": " << difference;
      return false;
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported) << what << ": " << error.what();
      return true;
    }
  }

  /// Every byte of the file in turn is changed: a whole read gives the right rows, or the error says kCorrupt.
  void FlipEveryByte(const ArrayPtr& array, const Asked& asked) {
    const std::string good = Write(array, asked);
    const auto sound = Open(good);
    const ArrayPtr rows = sound->ReadRange(sound->AllColumns(), 0, sound->num_rows(), {})[0];  // of blobs: where they lie
    size_t detected = 0;
    for (size_t i = 0; i < good.size(); ++i) {
      for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
        std::string bytes = good;
        bytes[i] = char(uint8_t(bytes[i]) ^ flip);
        try {
          const auto reader = Open(bytes);
          ASSERT_EQ(reader->num_rows(), uint64_t(array->length)) << "byte " << i;
          const std::vector<ArrayPtr> read = reader->ReadRange(reader->AllColumns(), 0, reader->num_rows(), {});
          ASSERT_EQ(read.size(), 1u) << "byte " << i;
          std::string difference;
          ASSERT_TRUE(ArraysEqual(*rows, *read[0], &difference)) << "byte " << i << " of " << good.size() << ": " << difference;
          if (!asked.global_buffer.empty() && reader->num_global_buffers() == 3) {
            const Buffer buffer = reader->ReadGlobalBuffer(1);
            ASSERT_EQ(std::string(buffer.span().begin(), buffer.span().end()), asked.global_buffer) << "byte " << i;
          }
        } catch (const Error& error) {
          ASSERT_TRUE(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported) << i << ": " << error.what();
          ASSERT_THAT(error.what(), HasSubstr(".lance"));
          ++detected;
        }
      }
    }
    EXPECT_GT(detected, good.size() / 2);
  }

  const std::shared_ptr<Session> session_ = std::make_shared<Session>(SessionOptions{.cpu_threads = 0});
};

ArrayPtr Random(const TypePtr& type, int64_t length, uint64_t seed) { return testing::RandomArrays(seed).Make(type, length); }

TypePtr ListOf(TypePtr item) {
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kList;
  type->children = {{"item", std::move(item)}};
  return type;
}

TEST_F(ChecksumsTest, EveryChangedByteOfNumbersIsFoundOrHarmless) {
  for (const FileVersion version : {FileVersion{2, 1}, FileVersion{2, 2}}) {
    FlipEveryByte(Random(MakeType(TypeId::kInt32), 70, 1), {.version = version});
  }
}

TEST_F(ChecksumsTest, EveryChangedByteOfTextInAFullZipPageIsFoundOrHarmless) {
  for (const FileVersion version : {FileVersion{2, 1}, FileVersion{2, 2}}) {
    FlipEveryByte(Random(MakeType(TypeId::kUtf8), 40, 2), {.version = version, .metadata = {{"lance-encoding:structural-encoding", "fullzip"}}});
  }
}

TEST_F(ChecksumsTest, EveryChangedByteOfListsIsFoundOrHarmless) {
  FlipEveryByte(Random(ListOf(MakeType(TypeId::kInt16)), 50, 3), {.global_buffer = "a buffer of the user's"});
}

TEST_F(ChecksumsTest, EveryChangedByteOfAConstantPageIsFoundOrHarmless) {
  FlipEveryByte(testing::Strings(std::vector<std::optional<std::string>>(9, "the same text in each of the rows")), {});
  FlipEveryByte(testing::OptionalNumbers<int64_t>({7, std::nullopt, 7, 7}), {});
}

TEST_F(ChecksumsTest, EveryChangedByteOfADictionaryPageIsFoundOrHarmless) {
  std::vector<std::optional<std::string>> values;
  for (int i = 0; i < 120; ++i) values.push_back(i % 2 ? "left hand side of it" : "right");
  FlipEveryByte(testing::Strings(values), {});
}

TEST_F(ChecksumsTest, EveryChangedByteOfRunsAndOfCompressedChunksIsFoundOrHarmless) {
  std::vector<std::optional<int64_t>> runs;
  for (int64_t i = 0; i < 600; ++i) runs.push_back(i % 90 == 0 ? std::nullopt : std::optional(i / 60 * 1'000'003));
  const ArrayPtr array = testing::OptionalNumbers<int64_t>(runs);
  FlipEveryByte(array, {.metadata = {{"lance-encoding:rle-threshold", "1.0"}}});
  FlipEveryByte(array, {.metadata = {{"lance-encoding:compression", "zstd"}}});
}

TEST_F(ChecksumsTest, EveryChangedByteOfBlobDescriptionsIsFoundOrHarmless) {
  ArrayPtr blobs = testing::Strings({"one", std::nullopt, "", "four"});
  auto array = std::make_shared<Array>(*blobs);
  array->type = MakeType(TypeId::kLargeBinary);
  BufferBuilder offsets;
  for (int64_t i = 0; i <= blobs->length; ++i) offsets.AppendValue<int64_t>(blobs->buffers[0].as<int32_t>()[i]);
  array->buffers[0] = offsets.Finish();
  FlipEveryByte(array, {.version = {2, 1}, .metadata = {{"lance-encoding:blob", "true"}}});
}

TEST_F(ChecksumsTest, EveryChangedByteOfVectorsAndOfStructsIsFoundOrHarmless) {
  auto vector = std::make_shared<DataType>();
  vector->id = TypeId::kFixedSizeList;
  vector->list_size = 8;
  vector->children = {{"item", MakeType(TypeId::kFloat), false}};
  FlipEveryByte(Random(vector, 40, 11), {});
  auto record = std::make_shared<DataType>();
  record->id = TypeId::kStruct;
  record->children = {{"a", MakeType(TypeId::kBool)}, {"b", ListOf(MakeType(TypeId::kUtf8))}};
  FlipEveryByte(Random(record, 30, 12), {});
}

TEST_F(ChecksumsTest, EveryChangedByteOfACompactFileIsFoundOrHarmless) {
  FlipEveryByte(Random(MakeType(TypeId::kDouble), 60, 13), {.compact = true});
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < 90; ++i) texts.push_back(fmt::format("the number {} of many that begin alike", i % 60));
  FlipEveryByte(testing::Strings(texts), {.compact = true});
  FlipEveryByte(Random(ListOf(MakeType(TypeId::kUtf8)), 40, 14), {.compact = true});
}

TEST_F(ChecksumsTest, NoSecondChangedByteHidesTheFirst) {
  const ArrayPtr array = Random(MakeType(TypeId::kInt64), 100, 15);
  const std::string good = Write(array, {.global_buffer = "the user's"});
  const size_t sums = good.find("EIDERSUM");
  for (size_t i = 0; i < good.size(); ++i) {
    if (i >= 192 && i < sums) continue;
    for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
      std::string bytes = good;
      bytes[200] = char(uint8_t(bytes[200]) ^ 0x10);  // a value
      if (i != 200) bytes[i] = char(uint8_t(bytes[i]) ^ flip);
      ASSERT_TRUE(IsRefused(bytes, *array, fmt::format("byte {}", i)));
    }
  }
}

TEST_F(ChecksumsTest, FiveChangedBytesAreFoundOrHarmless) {
  const ArrayPtr array = Random(ListOf(MakeType(TypeId::kUtf8)), 60, 16);
  const std::string good = Write(array, {});
  std::mt19937_64 random(17);
  const size_t ends[] = {good.find("EIDERSUM"), good.find("EIDERSUM") + 8, good.size() - 56, good.size()};
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = good;
    for (int n = 0; n < 5; ++n) {  // more often where the checksums are found than elsewhere
      const size_t part = random() % 4, begin = part == 0 ? 0 : ends[part - 1];
      bytes[begin + random() % (ends[part] - begin)] ^= char(1 << random() % 8);
    }
    IsRefused(bytes, *array, fmt::format("round {}", round));
    if (HasFailure()) break;
  }
}

TEST_F(ChecksumsTest, AFileWithoutASealIsChecked) {
  const ArrayPtr array = Random(MakeType(TypeId::kInt64), 100, 18);
  std::string bytes = Write(array, {});
  bytes.erase(bytes.size() - 56, 16);
  EXPECT_FALSE(IsRefused(bytes, *array, "as it was written"));
  bytes[200] ^= 1;
  EXPECT_TRUE(IsRefused(bytes, *array, "a byte changed"));
  std::string cut = Write(array, {});
  cut[cut.find("EIDERSUM") + 3] ^= 1;
  EXPECT_TRUE(IsRefused(cut, *array, "the magic changed"));
}

TEST_F(ChecksumsTest, AnErrorNamesFileColumnPageAndChunk) {
  std::vector<int64_t> values(5000);
  for (size_t i = 0; i < values.size(); ++i) values[i] = int64_t(i * 0x9E3779B97F4A7C15);
  std::string bytes = Write(testing::Numbers(values), {});
  // Row 1300 is in the chunk of rows 1024 to 1535.
  bytes[bytes.find({reinterpret_cast<const char*>(&values[1300]), 8})] ^= 1;
  for (const bool mapped : {false, true}) {
    const auto reader = Open(bytes, true, mapped);
    const auto columns = reader->AllColumns();
    for (int again = 0; again < 2; ++again) {
      try {
        reader->ReadRange(columns, 0, 5000, {});
        FAIL() << "read on";
      } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
        EXPECT_THAT(error.what(), HasSubstr("page 0 of column 'v': chunk 2: checksum"));
        EXPECT_THAT(error.what(), HasSubstr(".lance'"));
      }
    }
    EXPECT_EQ(reader->ReadRange(columns, 0, 1024, {})[0]->length, 1024);
    EXPECT_THROW(reader->ReadRange(columns, 1030, 1, {}), Error);
  }
  const auto unverified = Open(bytes, false);
  EXPECT_EQ(unverified->ReadRange(unverified->AllColumns(), 0, 5000, {})[0]->length, 5000);
}

TEST_F(ChecksumsTest, ATakeReadsNoMoreForIt) {
  const ArrayPtr array = Random(MakeType(TypeId::kInt64), 20000, 5);
  const std::string bytes = Write(array, {});
  const std::vector<uint64_t> rows{17, 4, 19999, 8000};
  uint64_t costs[2];
  for (const bool verify : {false, true}) {
    const auto reader = Open(bytes, verify);
    ScanStats stats;
    reader->Take(reader->AllColumns(), rows, {.stats = &stats});
    costs[verify] = stats.bytes;
  }
  EXPECT_EQ(costs[0], costs[1]);
}

TEST_F(ChecksumsTest, ATakeFindsWhatItReadsWhole) {
  const ArrayPtr array = Random(MakeType(TypeId::kInt64), 20000, 5);
  std::string bytes = Write(array, {});
  bytes[5000] ^= 1;  // where the first chunks are
  const auto reader = Open(bytes);
  std::vector<uint64_t> rows(2000);
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = i;
  EXPECT_THROW(reader->Take(reader->AllColumns(), rows, {}), Error);
}

TEST_F(ChecksumsTest, ViewsOfTheFileAreVerifiedWhenARangeFirstTouchesTheirBlocks) {
  auto type = std::make_shared<DataType>();
  type->id = TypeId::kFixedSizeList;
  type->list_size = 256;
  type->children = {{"item", MakeType(TypeId::kFloat), false}};
  auto vectors = std::make_shared<Array>();
  vectors->type = type;
  vectors->length = 300;
  std::vector<float> numbers(300 * 256);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = float(i);
  vectors->children = {testing::Numbers(numbers)};
  std::string bytes = Write(vectors, {});
  const float last = numbers.back();
  bytes[bytes.find(std::string(reinterpret_cast<const char*>(&last), 4))] ^= 1;
  const auto reader = Open(bytes, true, true);
  const auto columns = reader->AllColumns();
  EXPECT_EQ(reader->ReadRange(columns, 0, 64, {})[0]->length, 64) << "the first block is sound";
  EXPECT_THROW(reader->ReadRange(columns, 256, 1, {}), Error) << "in the block of the changed byte";
  EXPECT_EQ(reader->Take(columns, std::vector<uint64_t>{257}, {})[0]->length, 1) << "part of a block";
}

TEST_F(ChecksumsTest, FilesWithoutChecksumsAreUnknownAndRead) {
  const ArrayPtr array = Random(MakeType(TypeId::kInt64), 1000, 6);
  const auto reader = Open(Write(array, {.checksums = false}));
  EXPECT_EQ(reader->num_global_buffers(), 1u);
  EXPECT_EQ(reader->ReadRange(reader->AllColumns(), 0, 1000, {})[0]->length, 1000);
}

TEST_F(ChecksumsTest, CostALittleOverATenthOfAPercentAtMost) {
  for (const TypeId id : {TypeId::kBool, TypeId::kUInt8, TypeId::kInt64, TypeId::kUtf8}) {
    const ArrayPtr array = Random(MakeType(id), 200000, 7);
    const size_t with = Write(array, {}).size(), without = Write(array, {.checksums = false}).size();
    EXPECT_LE(double(with), 1.0012 * double(without) + 100) << int(id);
  }
}

TEST(ChunkUnitsTest, AUnitEndsWithTheChunkThatBringsItTo4KiB) {
  std::vector<uint32_t> words;
  for (const uint32_t bytes : {5000u, 1000u, 1000u, 3000u, 8u, 4096u, 16u}) words.push_back((bytes / 8 - 1) << 4);
  const ByteSpan table(reinterpret_cast<const uint8_t*>(words.data()), words.size() * 4);
  const ChunkUnits units = CutChunks(table, SumKind::kMiniBlockU32, 14120);
  EXPECT_EQ(units.ends, (std::vector<uint64_t>{5000, 10000, 14104, 14120}));
  EXPECT_EQ(units.chunk_ends, (std::vector<uint32_t>{1, 4, 6, 7}));
  EXPECT_THROW(CutChunks(table, SumKind::kMiniBlockU32, 14112), Error);
}

}  // namespace
}  // namespace eider::file
