#include "eider/array/ipc_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "eider/array/equal.h"
#include "eider/array/string_values.h"
#include "eider/base/error.h"
#include "eider/testing/arrays.h"

namespace eider {
namespace {

using testing::Numbers;
using testing::OptionalNumbers;
using testing::RandomArrays;

RecordBatch SampleBatch(int64_t num_rows) {
  Schema schema;
  RecordBatch batch{nullptr, num_rows, {}};
  RandomArrays random(11);
  for (int id = int(TypeId::kBool); id <= int(TypeId::kDouble); ++id) {
    schema.fields.push_back({"c" + std::to_string(id), MakeType(TypeId(id)), true, {}});
    batch.columns.push_back(SliceArray(random.Make(MakeType(TypeId(id)), num_rows + 5), 3, num_rows));
  }
  batch.schema = std::make_shared<const Schema>(std::move(schema));
  return batch;
}

TEST(IpcFileTest, ReadsBackWhatItWrote) {
  for (const int64_t num_rows : {0, 1, 7, 1000}) {
    for (const bool zstd : {false, true}) {
      const RecordBatch batch = SampleBatch(num_rows);
      const RecordBatch back = ReadIpcFile(WriteIpcFile(batch, {.zstd = zstd}).span());
      ASSERT_EQ(back.columns.size(), batch.columns.size());
      EXPECT_EQ(back.num_rows, num_rows);
      for (size_t i = 0; i < batch.columns.size(); ++i) {
        std::string difference;
        EXPECT_TRUE(ArraysEqual(*batch.columns[i], *back.columns[i], &difference)) << i << difference;
      }
    }
  }
}

/// The bytes of two hex digits each.
std::vector<uint8_t> FromHex(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(uint8_t(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

/// A file written by pyarrow 26: row_id UInt32 {1, 5, 9}, ZSTD.
TEST(IpcFileTest, ReadsAFileOfTheReference) {
  static constexpr char kHex[] =
      "4152524f57310000ffffffff7800000010000000000"
      "00a000c000600050008000a000000000104000c00000008000800000004000800000004000000010000001400000010001400080006000700"
      "0c00000010001000000000000102100000002000000004000000000000000600000072"
      "6f775f6964000000000600080004000600000020000000ffffffffa000000014000000000000000c0018000600050008000c000c0000000003"
      "04001c000000200000000000000000000000"
      "0c001e0010000400080"
      "00c000c0000005000000024000000180000000300000000000000000000000000060008000700060000000000000102000000000000000000000000"
      "0000000000000000000000000000001d00000000000000000000000100000003000000000000000000000000000000"
      "0c0000000000000028b52ffd200c610000010000000500000009000000000000ffffffff00000000"
      "100000000c001400060008000c0010000c000000000004003400000024000000040000000100000088000000"
      "00000000a800000000000000200000000000000000000000080008000000040008000000040000000100000014000000100014000800060007"
      "000c00000010001000000000000102100000002000000004000000000000000600000072"
      "6f775f6964000000000600080004000600000020000000a00000004152524f5731";
  const RecordBatch batch = ReadIpcFile(FromHex(kHex));
  EXPECT_EQ(batch.schema->fields.at(0).name, "row_id");
  EXPECT_TRUE(ArraysEqual(*batch.columns.at(0), *Numbers<uint32_t>({1, 5, 9})));
}

/// Written by pyarrow 26, with LZ4: text, large_binary, decimal128(5, 2), timestamp[us, UTC] and date32.
constexpr std::string_view kTypesHex =
    "4152524f57310000ffffffff400100001000000000000a000c000600050008000a000000000104000c00000008000800000004000800000004000000"
    "05000000e4000000ac00000074000000340000000400000040ffffff0000010810000000180000000400000000000000010000006f00060008000600"
    "06000000000000006cffffff0000010a100000001c0000000400000000000000010000007a00000008000c0006000800080000000000020004000000"
    "0300000055544300a8ffffff00000107100000001c0000000400000000000000010000006400000008000c0004000800080000000500000002000000"
    "dcffffff00000113100000001400000004000000000000000100000062000000ccffffff100014000800060007000c00000010001000000000000105"
    "100000001800000004000000000000000100000074000000040004000400000000000000ffffffff7801000014000000000000000c00180006000500"
    "08000c000c000000000304001c0000008801000000000000000000000c001c001000040008000c000c000000e80000001c0000001400000003000000"
    "000000000000000004000400040000000c00000000000000000000001800000000000000180000000000000027000000000000004000000000000000"
    "1c000000000000006000000000000000180000000000000078000000000000002500000000000000a0000000000000001800000000000000b8000000"
    "000000001800000000000000d0000000000000002a000000000000000001000000000000180000000000000018010000000000002a00000000000000"
    "480100000000000018000000000000006001000000000000230000000000000000000000050000000300000000000000010000000000000003000000"
    "000000000100000000000000030000000000000001000000000000000300000000000000010000000000000003000000000000000100000000000000"
    "010000000000000004224d18604082010000800500000000100000000000000004224d18604082100000800000000001000000010000000500000000"
    "00000000050000000000000004224d186040820500008061c3a9c3a90000000000000000010000000000000004224d18604082010000800300000000"
    "200000000000000004224d186040820e000000130001001e01080050000000000000000000000000010000000000000004224d1860408201000080ff"
    "00000000010000000000000004224d18604082010000800500000000300000000000000004224d18604082130000002a6aff01001b00010016e11000"
    "50000000000000000000000000000000010000000000000004224d18604082010000800300000000180000000000000004224d186040821300000022"
    "01000100120207009000000000000000000000000000000000000000010000000000000004224d186040820100008005000000000c00000000000000"
    "04224d186040820c000080030000000000000004000000000000000000000000ffffffff00000000100000000c001400060008000c0010000c000000"
    "000004003800000028000000040000000100000050010000000000008001000000000000880100000000000000000000000000000800080000000400"
    "080000000400000005000000e4000000ac00000074000000340000000400000040ffffff000001081000000018000000040000000000000001000000"
    "6f0006000800060006000000000000006cffffff0000010a100000001c0000000400000000000000010000007a00000008000c000600080008000000"
    "00000200040000000300000055544300a8ffffff00000107100000001c0000000400000000000000010000006400000008000c000400080008000000"
    "0500000002000000dcffffff00000113100000001400000004000000000000000100000062000000ccffffff100014000800060007000c0000001000"
    "10000000000001051000000018000000040000000000000001000000740000000400040004000000680100004152524f5731";

TEST(IpcFileTest, SurvivesEveryCutAndFlip) {
  const Buffer file = WriteIpcFile(SampleBatch(20), {.zstd = true});
  const std::vector<uint8_t> texts = FromHex(kTypesHex);
  const auto attempt = [](ByteSpan bytes) {
    try {
      ReadIpcFile(bytes);
    } catch (const Error& error) {
      EXPECT_TRUE(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported) << error.what();
    }
  };
  for (size_t n = 0; n < file.size(); n += 3) attempt(file.span().first(n));
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::vector<uint8_t> bytes(file.span().begin(), file.span().end());
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = uint8_t(random());
    attempt(bytes);
    bytes = texts;
    for (int k = 0; k < 3; ++k) bytes[random() % bytes.size()] = uint8_t(random());
    attempt(bytes);
  }
}

std::string ErrorOfReading(ByteSpan bytes, const IpcFileBounds& bounds) {
  try {
    ReadIpcFile(bytes, bounds);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(IpcFileTest, RefusesMoreRowsOrColumnsThanCanBe) {
  const Buffer file = WriteIpcFile(SampleBatch(20), {.zstd = true});
  const auto columns = uint64_t(SampleBatch(0).columns.size());
  EXPECT_EQ(ErrorOfReading(file.span(), {.rows = 20, .columns = columns}), "");
  EXPECT_EQ(ErrorOfReading(file.span(), {.rows = 19}), "ipc file: batch of 20 rows, at most 19 can be");
  EXPECT_EQ(ErrorOfReading(file.span(), {.columns = 2}), fmt::format("ipc file: {} columns, at most 2 can be", columns));
}

TEST(IpcFileTest, ReadsTextsDecimalsAndTimes) {
  const RecordBatch batch = ReadIpcFile(FromHex(kTypesHex));
  ASSERT_EQ(batch.num_rows, 3);
  std::vector<std::string> types;
  for (const Field& field : batch.schema->fields) types.push_back(TypeToString(*field.type));
  EXPECT_EQ(types, (std::vector<std::string>{"string", "large_binary", "decimal128(5, 2)", "timestamp[us, tz=UTC]", "date32[day]"}));
  EXPECT_TRUE(ArraysEqual(*batch.columns[0], *testing::Strings({"a", std::nullopt, "\xc3\xa9\xc3\xa9"})));
  const StringValues binaries(*batch.columns[1]);
  EXPECT_EQ(binaries.At(0).size(), 1u);
  EXPECT_EQ(binaries.At(0)[0], 0xFF);
  EXPECT_TRUE(batch.columns[1]->IsValid(1) && !batch.columns[1]->IsValid(2));
  EXPECT_EQ(batch.columns[2]->buffers[0].as<int64_t>()[0], -150);
  EXPECT_EQ(batch.columns[2]->buffers[0].as<int64_t>()[4], 225);
  EXPECT_EQ(batch.columns[3]->buffers[0].as<int64_t>()[1], 2);
  EXPECT_EQ(batch.columns[4]->buffers[0].as<int32_t>()[2], 4);
  EXPECT_FALSE(batch.columns[4]->IsValid(1));
}

TEST(IpcFileTest, BoundsTheBytesOfTexts) {
  const std::vector<uint8_t> file = FromHex(kTypesHex);
  EXPECT_EQ(ErrorOfReading(file, {.text_bytes = 6}), "");
  EXPECT_EQ(ErrorOfReading(file, {.text_bytes = 4}), "ipc file: 5 bytes of text, at most 4 can be");
}

TEST(IpcFileTest, RefusesABufferMuchLargerThanItsRows) {
  const auto schema = std::make_shared<const Schema>(Schema{{{"n", MakeType(TypeId::kInt64), true, {}}}, {}});
  const Buffer file = WriteIpcFile({schema, 1000, {Numbers(std::vector<int64_t>(1000))}}, {.zstd = true});
  std::string bytes(file.span().begin(), file.span().end());
  const auto size_as = [](int64_t n) { return std::string(reinterpret_cast<const char*>(&n), 8); };
  const size_t at = bytes.find(size_as(8000) + "\x28\xb5\x2f\xfd");  // before the zstd frame
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 8, size_as(100'000));
  const std::string error = ErrorOfReading({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}, {});
  EXPECT_NE(error.find("claim to hold 100000, 8000 are needed"), std::string::npos) << error;
}

TEST(IpcFileTest, RefusesTypesThatItCannotWrite) {
  const auto schema = std::make_shared<const Schema>(Schema{{{"s", MakeType(TypeId::kUtf8), true, {}}}, {}});
  EXPECT_THROW(WriteIpcFile({schema, 1, {testing::Strings({"x"})}}), Error);
}

}  // namespace
}  // namespace eider
