#include <eider/schema.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/proto/table.pb.h"
#include "eider/schema/field_path.h"
#include "eider/schema/field_proto.h"
#include "eider/schema/logical_type.h"
#include "eider/schema/match.h"

namespace eider {
namespace {

TypePtr Make(DataType type) { return std::make_shared<const DataType>(std::move(type)); }
Field Named(std::string name, TypePtr type, bool nullable = true) {
  return Field{.name = std::move(name), .type = std::move(type), .nullable = nullable};
}
TypePtr ListOf(TypePtr item, std::string name = "item") {
  return Make({.id = TypeId::kList, .children = {Named(std::move(name), std::move(item))}});
}
TypePtr FixedListOf(TypePtr item, int32_t n) {
  return Make({.id = TypeId::kFixedSizeList, .list_size = n, .children = {Named("item", std::move(item))}});
}
TypePtr StructOf(std::vector<Field> fields) { return Make({.id = TypeId::kStruct, .children = std::move(fields)}); }
TypePtr MapOf(TypePtr key, TypePtr value) {
  return Make({.id = TypeId::kMap, .children = {Named("entries", StructOf({Named("key", key, false), Named("value", value)}), false)}});
}
TypePtr Int32() { return MakeType(TypeId::kInt32); }

template <typename Body>
std::string MessageOf(ErrorKind kind, Body body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(ErrorKindName(error.kind()), std::string(ErrorKindName(kind))) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

struct Spelling {
  TypePtr type;
  std::string logical;
  int32_t encoding;
};

std::vector<Spelling> Spellings() {
  return {
      {MakeType(TypeId::kNull), "null", 0},
      {MakeType(TypeId::kHalfFloat), "halffloat", 1},
      {MakeType(TypeId::kUInt64), "uint64", 1},
      {MakeType(TypeId::kLargeUtf8), "large_string", 2},
      {MakeType(TypeId::kBinary), "binary", 2},
      {MakeType(TypeId::kDate32), "date32:day", 1},
      {MakeType(TypeId::kDate64), "date64:ms", 1},
      {Make({.id = TypeId::kTime32, .unit = TimeUnit::kMilli}), "time32:ms", 1},
      {Make({.id = TypeId::kTime64, .unit = TimeUnit::kNano}), "time64:ns", 1},
      {Make({.id = TypeId::kTimestamp, .unit = TimeUnit::kMicro}), "timestamp:us:-", 1},
      {Make({.id = TypeId::kTimestamp, .unit = TimeUnit::kSecond, .timezone = "+01:00"}), "timestamp:s:+01:00", 1},
      {Make({.id = TypeId::kDuration, .unit = TimeUnit::kMilli}), "duration:ms", 1},
      {Make({.id = TypeId::kDecimal128, .precision = 10, .scale = 2}), "decimal:128:10:2", 1},
      {Make({.id = TypeId::kDecimal256, .precision = 50, .scale = -2}), "decimal:256:50:-2", 1},
      {Make({.id = TypeId::kFixedSizeBinary, .byte_width = 7}), "fixed_size_binary:7", 1},
      {FixedListOf(MakeType(TypeId::kFloat), 3), "fixed_size_list:float:3", 1},
      {FixedListOf(FixedListOf(MakeType(TypeId::kUInt8), 3), 2), "fixed_size_list:fixed_size_list:uint8:3:2", 1},
      {FixedListOf(Make({.id = TypeId::kTimestamp, .unit = TimeUnit::kMicro, .timezone = "UTC"}), 3),
       "fixed_size_list:timestamp:us:UTC:3", 1},
      {Make({.id = TypeId::kDictionary, .index_type = MakeType(TypeId::kInt8), .value_type = MakeType(TypeId::kUtf8)}),
       "dict:string:int8:false", 3},
  };
}

TEST(SchemaTest, SpellsEveryPrimitiveTypeAsTheReferenceDoesAndReadsItBack) {
  for (const Spelling& spelling : Spellings()) {
    EXPECT_EQ(LogicalTypeOf(*spelling.type), spelling.logical);
    EXPECT_EQ(LegacyEncodingOf(*spelling.type), spelling.encoding) << spelling.logical;
    EXPECT_TRUE(TypesEqual(*ParsePrimitiveType(spelling.logical), *spelling.type)) << spelling.logical;
  }
}

TEST(SchemaTest, GivesIdsDepthFirstAndNamesNestedTypes) {
  Schema arrow;
  arrow.fields = {Named("a", Int32()),
                  Named("s", StructOf({Named("x", Int32()), Named("l", ListOf(StructOf({Named("q", Int32())})))})),
                  Named("m", MapOf(MakeType(TypeId::kUtf8), Int32())),
                  Named("f", FixedListOf(StructOf({Named("x", Int32())}), 2)),
                  Named("v", FixedListOf(Int32(), 4))};
  const LanceSchema lance = ToLanceSchema(arrow);
  EXPECT_EQ(lance.FindPath("s.l")->logical_type, "list.struct");
  EXPECT_EQ(lance.FindPath("s.l.item.q")->id, 5);
  EXPECT_EQ(lance.FindPath("s.l.item.q")->parent_id, 4);
  EXPECT_EQ(lance.FindPath("m")->logical_type, "map");
  EXPECT_EQ(lance.FindPath("m.entries.value")->id, 9);
  EXPECT_EQ(lance.FindPath("f")->logical_type, "fixed_size_list:struct:2");
  EXPECT_TRUE(lance.FindPath("v")->children.empty());
  EXPECT_EQ(lance.MaxId(), 13);
  EXPECT_FALSE(lance.FindPath("s")->IsLeaf());
  EXPECT_TRUE(lance.FindPath("v")->IsLeaf());
  const Schema back = ToArrowSchema(lance);
  for (size_t i = 0; i < arrow.fields.size(); ++i) {
    EXPECT_TRUE(TypesEqual(*back.fields[i].type, *arrow.fields[i].type)) << arrow.fields[i].name;
  }
}

TEST(SchemaTest, KeepsExtensionTypesMetadataAndThePrimaryKey) {
  Schema arrow;
  arrow.metadata = {{"k", "v"}};
  arrow.fields = {Named("geom", MakeType(TypeId::kBinary)), Named("id", MakeType(TypeId::kInt64), false)};
  arrow.fields[0].metadata = {{"ARROW:extension:metadata", "{}"}, {"ARROW:extension:name", "geoarrow.wkb"}};
  arrow.fields[1].metadata = {{"lance-schema:unenforced-primary-key:position", "2"}};
  const LanceSchema lance = ToLanceSchema(arrow);
  EXPECT_EQ(lance.fields[0].extension_name, "geoarrow.wkb");
  EXPECT_TRUE(lance.fields[1].unenforced_primary_key);
  EXPECT_EQ(lance.fields[1].unenforced_primary_key_position, 2u);
  const Schema back = ToArrowSchema(lance);
  EXPECT_EQ(back.fields[0].metadata, arrow.fields[0].metadata);
  EXPECT_EQ(back.metadata, arrow.metadata);
  arrow.fields[1].nullable = true;
  MessageOf(ErrorKind::kInvalid, [&] { ToLanceSchema(arrow); });
}

TEST(SchemaTest, MetadataThatIsNoTextIsRefusedByPlaceAndKey) {
  Schema arrow;
  arrow.fields = {Named("s", StructOf({Named("x", Int32())}))};
  arrow.metadata = {{"k", "caf\xe9"}};
  const auto refused = [&] { return MessageOf(ErrorKind::kInvalid, [&] { ToLanceSchema(arrow); }); };
  EXPECT_THAT(refused(), ::testing::HasSubstr("metadata of the schema: the value of 'k' is not UTF-8"));
  arrow.metadata = {{"k", "caf\xc3\xa9"}};
  ToLanceSchema(arrow);
  arrow.fields[0] = Named("s", StructOf({Named("x", Int32())}));
  arrow.fields[0].metadata = {{"\xff", ""}};
  EXPECT_THAT(refused(), ::testing::HasSubstr("metadata of column 's': the key"));
}

TEST(SchemaTest, PackedAndEmptyStructsAreLeaves) {
  Schema arrow;
  arrow.fields = {Named("p", StructOf({Named("x", Int32())})), Named("e", StructOf({}))};
  arrow.fields[0].metadata = {{"lance-encoding:packed", "true"}};
  const LanceSchema lance = ToLanceSchema(arrow);
  EXPECT_TRUE(lance.fields[0].IsLeaf());
  EXPECT_TRUE(lance.fields[1].IsLeaf());
}

TEST(SchemaTest, RefusesTypesThatTheFormatCannotHold) {
  Schema arrow;
  arrow.fields = {Named("c", FixedListOf(MakeType(TypeId::kUtf8), 2))};
  const std::string message = MessageOf(ErrorKind::kUnsupported, [&] { ToLanceSchema(arrow); });
  EXPECT_NE(message.find("'c'"), std::string::npos) << message;
  arrow.fields = {Named("a.b", Int32())};
  MessageOf(ErrorKind::kInvalid, [&] { ToLanceSchema(arrow); });
}

TEST(SchemaTest, ReportsMalformedLogicalTypes) {
  for (const char* bad : {"timestamp:xs:-", "decimal:128:99:0", "fixed_size_binary:x", "fixed_size_list:float:0",
                          "fixed_size_list:string:3", "fixed_size_list:3", "dict:string:float:false", "dict:string"}) {
    MessageOf(ErrorKind::kCorrupt, [&] { ParsePrimitiveType(bad); });
  }
  MessageOf(ErrorKind::kUnsupported, [] { ParsePrimitiveType("union"); });
  std::string deep;
  for (int i = 0; i < 50; ++i) deep += "fixed_size_list:";
  deep += "int8";
  for (int i = 0; i < 50; ++i) deep += ":1";
  MessageOf(ErrorKind::kCorrupt, [&] { ParsePrimitiveType(deep); });
}

TEST(SchemaTest, RoundTripsThroughTheMessagesWithUnknownFields) {
  Schema arrow;
  arrow.metadata = {{"a", "b"}};
  arrow.fields = {Named("a", Int32()), Named("l", ListOf(Int32()), false)};
  LanceSchema made = ToLanceSchema(arrow);
  made.fields[0].metadata = {{"x", std::string("\0\xff", 2)}};  // as another engine may write it
  lance::table::Manifest proto;
  SchemaToProto(made, proto.mutable_fields(), proto.mutable_schema_metadata());
  proto.mutable_fields(0)->mutable_dictionary()->set_offset(77);
  // Field 200, a varint 5, stands for one that a newer engine added.
  ASSERT_TRUE(proto.mutable_fields(1)->MergeFromString(std::string("\xc0\x0c\x05", 3)));
  ASSERT_NE(proto.fields(1).SerializeAsString().find("\xc0\x0c\x05"), std::string::npos);
  const LanceSchema lance = SchemaFromProto(proto.fields(), proto.schema_metadata());
  EXPECT_EQ(lance.fields[1].children.at(0).parent_id, 1);
  lance::table::Manifest again;
  SchemaToProto(lance, again.mutable_fields(), again.mutable_schema_metadata());
  EXPECT_EQ(again.SerializeAsString(), proto.SerializeAsString());
  EXPECT_EQ(again.fields(0).dictionary().offset(), 77);
}

TEST(SchemaTest, RefusesAChildWithoutItsParent) {
  lance::table::Manifest proto;
  proto.add_fields()->set_parent_id(7);
  MessageOf(ErrorKind::kCorrupt, [&] { SchemaFromProto(proto.fields(), proto.schema_metadata()); });
}

TEST(SchemaTest, ProjectsNestedPathsInOrderOfFirstMention) {
  Schema arrow;
  arrow.fields = {Named("a", Int32()), Named("s", StructOf({Named("x", Int32()), Named("y.z", Int32())})), Named("b", Int32())};
  const LanceSchema lance = ToLanceSchema(arrow);
  const LanceSchema some = Project(lance, {"b", "s.`y.z`", "s.x", "b"});
  ASSERT_EQ(some.fields.size(), 2u);
  EXPECT_EQ(some.fields[0].name, "b");
  ASSERT_EQ(some.fields[1].children.size(), 2u);
  EXPECT_EQ(some.fields[1].children[0].name, "y.z");
  EXPECT_EQ(Project(lance, {"s.x", "s"}).fields[0].children.size(), 2u);
  const std::string message = MessageOf(ErrorKind::kNotFound, [&] { Project(lance, {"s.q"}); });
  EXPECT_NE(message.find("'s.q'"), std::string::npos);
  EXPECT_NE(message.find("a, s, b"), std::string::npos) << message;
}

TEST(SchemaTest, MatchesAppendedDataByName) {
  Schema table;
  table.fields = {Named("a", Int32()), Named("s", StructOf({Named("x", Int32()), Named("y", Int32())})), Named("k", Int32(), false)};
  const LanceSchema lance = ToLanceSchema(table);
  Schema data;
  data.fields = {Named("k", Int32()), Named("s", StructOf({Named("y", Int32())}))};
  EXPECT_EQ(MatchForAppend(lance, data).columns, (std::vector<int>{-1, 1, 0}));
  data.fields[1] = Named("s", StructOf({Named("y", MakeType(TypeId::kInt64))}));
  std::string message = MessageOf(ErrorKind::kInvalid, [&] { MatchForAppend(lance, data); });
  EXPECT_NE(message.find("'s.y'"), std::string::npos) << message;
  EXPECT_NE(message.find("int32"), std::string::npos) << message;
  EXPECT_NE(message.find("int64"), std::string::npos) << message;
  data.fields = {Named("a", Int32())};
  message = MessageOf(ErrorKind::kInvalid, [&] { MatchForAppend(lance, data); });
  EXPECT_NE(message.find("'k'"), std::string::npos) << message;
}

TEST(SchemaTest, SegmentsOfPathsMayHoldDotsAndBackquotes) {
  const std::vector<std::string> names = {"a", "b.c", "d`e", "`", "`f`", "g``.`"};
  std::string path;
  for (const std::string& name : names) path += (path.empty() ? "" : ".") + QuoteSegment(name);
  EXPECT_EQ(SplitFieldPath(path), names) << path;
  EXPECT_EQ(QuoteSegment("d`e"), "`d``e`");
  EXPECT_THROW(SplitFieldPath("`a``"), Error);
}

}  // namespace
}  // namespace eider
