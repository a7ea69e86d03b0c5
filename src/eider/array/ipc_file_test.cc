#include "eider/array/ipc_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "eider/array/equal.h"
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
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < sizeof kHex; i += 2) bytes.push_back(uint8_t(std::stoi(std::string(kHex + i, 2), nullptr, 16)));
  const RecordBatch batch = ReadIpcFile(bytes);
  EXPECT_EQ(batch.schema->fields.at(0).name, "row_id");
  EXPECT_TRUE(ArraysEqual(*batch.columns.at(0), *Numbers<uint32_t>({1, 5, 9})));
}

TEST(IpcFileTest, SurvivesEveryCutAndFlip) {
  const Buffer file = WriteIpcFile(SampleBatch(20), {.zstd = true});
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
