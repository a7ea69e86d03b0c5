#include <eider/array.h>
#include <eider/arrow_c.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "eider/array/concat.h"
#include "eider/array/equal.h"
#include "eider/array/take.h"
#include "eider/array/types.h"
#include "eider/base/error.h"
#include "eider/testing/arrays.h"

namespace eider {
namespace {

using testing::Numbers;
using testing::OptionalNumbers;
using testing::RandomArrays;
using testing::SampleTypes;
using testing::Strings;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void ExpectEqual(const Array& a, const Array& b) {
  std::string difference;
  EXPECT_TRUE(ArraysEqual(a, b, &difference)) << TypeToString(*a.type) << difference;
}

ArrayPtr RoundTrip(const ArrayPtr& array) {
  ArrowSchema schema;
  ArrowArray c;
  ExportField({"f", array->type, true, {{"k", "v"}, {"", std::string("\0x", 2)}}}, &schema);
  ExportArray(array, &c);
  const Field field = ImportField(&schema);
  EXPECT_EQ(schema.release, nullptr);
  EXPECT_TRUE(TypesEqual(*field.type, *array->type, true)) << TypeToString(*field.type);
  EXPECT_EQ(field.name, "f");
  EXPECT_THAT(field.metadata, ElementsAre(std::pair("k", "v"), std::pair("", std::string("\0x", 2))));
  const ArrayPtr back = ImportArray(&c, field.type);
  EXPECT_EQ(c.release, nullptr);
  return back;
}

TEST(ArrowCTest, CarriesEveryTypeAndSlice) {
  for (const TypePtr& type : SampleTypes()) {
    const ArrayPtr array = RandomArrays(7).Make(type, 41);
    ExpectEqual(*array, *RoundTrip(array));
    for (const auto& [offset, length] : {std::pair{0, 41}, {3, 20}, {9, 0}, {41, 0}, {40, 1}}) {
      const ArrayPtr slice = SliceArray(array, offset, length);
      const ArrayPtr back = RoundTrip(slice);
      ExpectEqual(*slice, *back);
      EXPECT_EQ(CountNulls(*slice), CountNulls(*back));
    }
  }
}

TEST(ArrowCTest, RefusesSchemasThatAreFarTooDeep) {
  constexpr size_t kLevels = 100'000;
  std::vector<ArrowSchema> nodes(kLevels, ArrowSchema{});
  std::vector<ArrowSchema*> pointers(kLevels);
  for (size_t i = 0; i < kLevels; ++i) {
    pointers[i] = &nodes[i];
    nodes[i].format = i + 1 < kLevels ? "+l" : "i";
    nodes[i].name = "item";
    nodes[i].n_children = i + 1 < kLevels;
    nodes[i].children = i + 1 < kLevels ? &pointers[i + 1] : nullptr;
    nodes[i].release = [](ArrowSchema* c) { c->release = nullptr; };
  }
  std::string message;
  try {
    ImportField(&nodes[0]);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    message = error.what();
  }
  EXPECT_EQ(message, "arrow schema: more than 128 levels deep");
}

TEST(ArrowCTest, KeepsTheBuffersUntilTheLastViewIsGone) {
  auto owner = std::make_shared<int>(1);
  auto array = std::make_shared<Array>(*Numbers<int32_t>({1, 2, 3}));
  static const int32_t kValues[] = {7, 8, 9};
  array->buffers = {Buffer(reinterpret_cast<const uint8_t*>(kValues), 12, owner)};
  ArrowArray c;
  ExportArray(array, &c);
  array.reset();
  EXPECT_EQ(owner.use_count(), 2);
  ArrayPtr imported = ImportArray(&c, MakeType(TypeId::kInt32));
  const Buffer view = imported->buffers[0];
  imported.reset();
  EXPECT_EQ(owner.use_count(), 2);
  EXPECT_EQ(view.as<int32_t>()[2], 9);
}

TEST(ArrowCTest, LetsAConsumerMoveAChildOut) {
  const ArrayPtr array = RandomArrays(1).Make(StructType({{"a", MakeType(TypeId::kInt64), true, {}}}), 5);
  ArrowArray c;
  ExportArray(array, &c);
  ArrowArray child = *c.children[0];
  c.children[0]->release = nullptr;
  c.release(&c);
  ExpectEqual(*array->children[0], *ImportArray(&child, MakeType(TypeId::kInt64)));
}

TEST(ArrowCTest, RejectsWhatDoesNotFitAndReleasesIt) {
  const ArrayPtr numbers = Numbers<int64_t>({1, 2, 3});
  const auto import = [&](auto change, const TypePtr& type) {
    ArrowArray c;
    ExportArray(numbers, &c);
    change(c);
    EXPECT_THROW(ImportArray(&c, type), Error);
    EXPECT_EQ(c.release, nullptr);
  };
  import([](ArrowArray&) {}, MakeType(TypeId::kUtf8));
  import([](ArrowArray&) {}, StructType({{"a", MakeType(TypeId::kInt64), true, {}}}));
  import([](ArrowArray& c) { c.length = -1; }, MakeType(TypeId::kInt64));
  import([](ArrowArray& c) { c.offset = -1; }, MakeType(TypeId::kInt64));
  import([](ArrowArray& c) { c.buffers[1] = nullptr; }, MakeType(TypeId::kInt64));
  import([](ArrowArray& c) { c.null_count = 2; }, MakeType(TypeId::kInt64));
  import([](ArrowArray& c) { c.n_buffers = 3; }, MakeType(TypeId::kInt64));
}

TEST(ArrowCTest, RejectsOffsetsAndViewsThatLie) {
  const auto import = [](const ArrayPtr& array) {
    ArrowArray c;
    ExportArray(array, &c);
    EXPECT_THROW(ImportArray(&c, array->type), Error);
    EXPECT_EQ(c.release, nullptr);
  };
  const auto with = [](const ArrayPtr& array, std::vector<int32_t> words) {
    auto changed = std::make_shared<Array>(*array);
    const auto kept = std::make_shared<std::vector<int32_t>>(std::move(words));
    changed->buffers[0] = Buffer(reinterpret_cast<const uint8_t*>(kept->data()), kept->size() * 4, kept);
    return changed;
  };
  const ArrayPtr strings = RandomArrays(3).Make(MakeType(TypeId::kUtf8), 3);
  const int32_t end = strings->buffers[0].as<int32_t>()[3];
  import(with(strings, {0, 1 << 30, 0, end}));
  import(with(strings, {0, -1, 0, end}));
  const ArrayPtr view = RandomArrays(3).Make(MakeType(TypeId::kUtf8View), 0);
  const auto one = std::make_shared<Array>(*view);
  one->length = 1, one->offset = 0, one->null_count = 0, one->validity = Buffer();
  one->buffers.resize(1);
  import(with(one, {20, 0, 0, 0}));
  import(with(one, {-20, 0, 0, 0}));
}

TEST(ArrowCTest, CountsNullsItself) {
  ArrowArray c;
  ExportArray(OptionalNumbers<int32_t>({1, std::nullopt, 3}), &c);
  c.null_count = 3;
  EXPECT_EQ(CountNulls(*ImportArray(&c, MakeType(TypeId::kInt32))), 1);
}

TEST(ArrowCTest, GivesEmptyArraysNoOffset) {
  ArrowArray c;
  ExportArray(SliceArray(OptionalNumbers<int32_t>({1, std::nullopt, 3}), 3, 0), &c);
  EXPECT_EQ(c.length, 0);
  EXPECT_EQ(c.offset, 0);
  c.release(&c);
}

TEST(ArrowCTest, NamesTypesThatItDoesNotTake) {
  for (const char* format : {"+r", "+ud:0,1", "+vl", "tiM", "d:5,2,64", "x", "w:-1", "d:1", "+w:x", "tsq:"}) {
    ArrowSchema c{};
    c.format = format;
    c.release = [](ArrowSchema* schema) { schema->release = nullptr; };
    try {
      ImportField(&c);
      ADD_FAILURE() << format;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(format));
    }
  }
}

TEST(ArrowCTest, CarriesStreamsAndTheirErrors) {
  const auto schema = std::make_shared<const Schema>(Schema{{{"a", MakeType(TypeId::kInt64), true, {}}}, {{"m", "1"}}});
  const ArrayPtr column = Numbers<int64_t>({1, 2, 3});
  ArrowArrayStream c;
  ExportStream(MakeBatchReader(schema, {{schema, 3, {column}}, {schema, 0, {SliceArray(column, 1, 0)}}}), &c);
  const auto reader = ImportStream(&c);
  EXPECT_EQ(reader->schema()->metadata, schema->metadata);
  ExpectEqual(*column, *reader->Next()->columns[0]);
  EXPECT_EQ(reader->Next()->num_rows, 0);
  EXPECT_FALSE(reader->Next());
  EXPECT_FALSE(reader->Next());

  struct Failing final : RecordBatchReader {
    explicit Failing(SchemaPtr s) : schema_(std::move(s)) {}
    const SchemaPtr& schema() const override { return schema_; }
    std::optional<RecordBatch> Next() override { throw Invalid("page 7: no"); }
    SchemaPtr schema_;
  };
  ExportStream(std::make_shared<Failing>(schema), &c);
  const auto failing = ImportStream(&c);
  try {
    failing->Next();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInvalid);
    EXPECT_THAT(error.what(), HasSubstr("page 7: no"));
  }
}

TEST(TypeTest, SpellsTypesLikePyarrow) {
  const Field item{"item", MakeType(TypeId::kInt64), true, {}};
  EXPECT_EQ(TypeToString(*ListType(item)), "list<item: int64>");
  EXPECT_EQ(TypeToString(*FixedSizeListType({"item", MakeType(TypeId::kFloat), false, {}}, 3)),
            "fixed_size_list<item: float not null>[3]");
  EXPECT_EQ(TypeToString(*StructType({{"a", TimestampType(TimeUnit::kMicro, "UTC"), true, {}}, {"b", MakeType(TypeId::kUtf8), true, {}}})),
            "struct<a: timestamp[us, tz=UTC], b: string>");
  EXPECT_EQ(TypeToString(*MapType(MakeType(TypeId::kUtf8), MakeType(TypeId::kInt32))), "map<string, int32>");
  EXPECT_EQ(TypeToString(*DictionaryType(MakeType(TypeId::kInt8), MakeType(TypeId::kUtf8))),
            "dictionary<values=string, indices=int8, ordered=0>");
}

TEST(TypeTest, KnowsFixedWidths) {
  EXPECT_EQ(FixedBitWidth(*MakeType(TypeId::kBool)), 1u);
  EXPECT_EQ(FixedBitWidth(*MakeType(TypeId::kUtf8)), 0u);
  const Field item{"item", MakeType(TypeId::kFloat), true, {}};
  EXPECT_EQ(FixedBitWidth(*FixedSizeListType({"item", FixedSizeListType(item, 4), true, {}}, 3)), 384u);
  EXPECT_EQ(FixedBitWidth(*FixedSizeListType({"item", MakeType(TypeId::kUtf8), true, {}}, 3)), 0u);
}

TEST(ArrayTest, CountsNullsOfSlices) {
  const ArrayPtr array = OptionalNumbers<int32_t>({1, std::nullopt, 3, std::nullopt, 5});
  EXPECT_EQ(CountNulls(*array), 2);
  EXPECT_EQ(CountNulls(*SliceArray(array, 1, 2)), 1);
  EXPECT_EQ(CountNulls(*SliceArray(array, 4, 1)), 0);
  EXPECT_THROW(SliceArray(array, 4, 2), Error);
  EXPECT_EQ(ArrayBytes(*SliceArray(Strings({"abc", "de", std::nullopt}), 1, 2)), 1u + 8 + 2);
}

TEST(ConcatTest, JoinsSlicesOfEveryType) {
  for (const TypePtr& type : SampleTypes()) {
    RandomArrays random(3);
    const ArrayPtr whole = random.Make(type, 50);
    const std::vector<ArrayPtr> parts{SliceArray(whole, 0, 13), SliceArray(whole, 13, 0), SliceArray(whole, 13, 30), SliceArray(whole, 43, 7)};
    ExpectEqual(*whole, *ConcatArrays(parts));
    const ArrayPtr other = random.Make(type, 20);  // another dictionary
    const ArrayPtr joined = ConcatArrays(std::vector<ArrayPtr>{whole, other});
    ExpectEqual(*whole, *SliceArray(joined, 0, 50));
    ExpectEqual(*other, *SliceArray(joined, 50, 20));
  }
}

TEST(TakeTest, ListsOfPlainItemsAreTakenWhole) {
  std::vector<int32_t> numbers(36);
  std::iota(numbers.begin(), numbers.end(), 0);
  auto lists = std::make_shared<Array>();
  lists->type = FixedSizeListType({"item", MakeType(TypeId::kInt32)}, 3);
  lists->length = 10;
  lists->null_count = 0;
  lists->children = {SliceArray(testing::Numbers(numbers), 6, 30)};
  const std::vector<int64_t> rows = {3, 0, 3};
  const ArrayPtr taken = TakeArray(SliceArray(lists, 2, 5), rows);
  ASSERT_EQ(taken->length, 3);
  EXPECT_TRUE(ArraysEqual(*taken->children[0], *testing::Numbers<int32_t>({21, 22, 23, 12, 13, 14, 21, 22, 23})));
  const std::vector<int64_t> none = {1, -1};
  EXPECT_FALSE(TakeArray(lists, none)->IsValid(1));
}

TEST(TakeTest, PicksFromSlicesOfEveryType) {
  for (const TypePtr& type : SampleTypes()) {
    const ArrayPtr array = SliceArray(RandomArrays(5).Make(type, 60), 7, 40);
    const std::vector<int64_t> indices{39, 0, 0, 17, -1, 3, 39};
    const ArrayPtr taken = TakeArray(array, indices);
    ASSERT_EQ(taken->length, 7);
    for (size_t i = 0; i < indices.size(); ++i) {
      if (indices[i] < 0) {
        EXPECT_FALSE(taken->IsValid(int64_t(i)));
      } else {
        std::string difference;
        EXPECT_TRUE(ValuesEqual(*array, indices[i], *taken, int64_t(i), &difference)) << TypeToString(*type) << difference;
      }
    }
    EXPECT_EQ(TakeArray(array, {})->length, 0);
    EXPECT_THROW(TakeArray(array, std::vector<int64_t>{40}), Error);
  }
}

TEST(EqualTest, SaysWhereArraysDiffer) {
  std::string difference;
  EXPECT_FALSE(ArraysEqual(*OptionalNumbers<int32_t>({1, 2}), *OptionalNumbers<int32_t>({1, std::nullopt}), &difference));
  EXPECT_EQ(difference, "[1]: valid against null");
}

}  // namespace
}  // namespace eider
