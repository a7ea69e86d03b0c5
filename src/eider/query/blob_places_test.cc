#include "eider/query/blob_places.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/array/equal.h"
#include "eider/base/error.h"
#include "eider/file/file_reader.h"
#include "eider/file/file_writer.h"
#include "eider/testing/bytes_file.h"
#include "eider/testing/large_binaries.h"

namespace eider::query {
namespace {

using ::testing::HasSubstr;

std::string WriteBlobs(const ArrayPtr& array) {
  Schema schema;
  schema.fields = {{"b", array->type, true, {{std::string(kBlobKey), "true"}}}};
  const io::ObjectStorePtr store = io::MakeMemoryStore("blobs");
  file::FileWriter writer(store->Create("x.lance"), ToLanceSchema(schema), {.version = {2, 1}}, Session::Default());
  writer.Write({std::make_shared<Schema>(schema), array->length, {array}});
  writer.Finish(false);
  const Buffer written = store->Open("x.lance")->Mapped();
  return {reinterpret_cast<const char*>(written.data()), written.size()};
}

ArrayPtr ReadValues(const std::string& bytes, bool mapped) {
  const auto file = std::make_shared<testing::BytesFile>(SpanOf(bytes), mapped);
  const auto reader = file::FileReader::Open(file);
  const auto columns = reader->AllColumns();
  const ArrayPtr places = reader->ReadRange(columns, 0, reader->num_rows(), {})[0];
  return MaterializeBlobs(places, columns[0].field, file, reader->blob_sums(nullptr), nullptr);
}

TEST(BlobPlacesTest, EveryChangedByteOfAFileOfBlobsIsFoundOrHarmless) {
  const ArrayPtr array = testing::LargeBinaries({"one", std::nullopt, "", std::string(200, 'f'), "five"});
  const std::string good = WriteBlobs(array);
  for (const bool mapped : {false, true}) ASSERT_TRUE(ArraysEqual(*array, *ReadValues(good, mapped), nullptr));
  size_t refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const uint8_t flip : {0x01, 0x80, 0xFF}) {
      std::string bytes = good;
      bytes[i] = char(uint8_t(bytes[i]) ^ flip);
      try {
        std::string difference;
        ASSERT_TRUE(ArraysEqual(*array, *ReadValues(bytes, i % 2 == 0), &difference)) << "byte " << i << ": " << difference;
      } catch (const Error& error) {
        ASSERT_TRUE(error.kind() == ErrorKind::kCorrupt || error.kind() == ErrorKind::kUnsupported) << i << ": " << error.what();
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, good.size());
}

TEST(BlobPlacesTest, AnErrorNamesColumnFileAndBlock) {
  std::string bytes = WriteBlobs(testing::LargeBinaries({"first", std::string(100'000, 'v')}));
  bytes[bytes.find("vvvv") + 99'000] ^= 1;
  try {
    ReadValues(bytes, true);
    FAIL() << "read on";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("column 'b', file 'x.lance': blob of bytes [64, +100000): block 1: checksum"));
  }
}

}  // namespace
}  // namespace eider::query
