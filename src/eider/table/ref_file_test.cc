#include "eider/table/ref_file.h"

#include <gtest/gtest.h>

#include "eider/base/error.h"
#include "eider/table/ref_json.h"

namespace eider::table {
namespace {

constexpr const char* kTag = R"({
  "branch": null,
  "version": 3,
  "createdAt": "2026-11-21T19:32:10.730822873Z",
  "updatedAt": "2026-11-21T19:32:10.772985937Z",
  "manifestSize": 540,
  "metadata": {
    "k": "v"
  }
})";
constexpr const char* kBranch = R"({
  "parentBranch": "dev",
  "identifier": {
    "version_mapping": [
      [
        2,
        "3b43f68b3d0442898236c59d45022b29"
      ],
      [
        4,
        "44dcc92cdeff46919ea4ffde8f2bbfbc"
      ]
    ]
  },
  "parentVersion": 4,
  "createAt": 1795289532,
  "manifestSize": 515,
  "metadata": {}
})";

TEST(RefFileTest, WritesWhatTheReferenceWrote) {
  EXPECT_EQ(EncodeTagFile(DecodeTagFile(kTag)), kTag);
  EXPECT_EQ(EncodeBranchFile(DecodeBranchFile(kBranch)), kBranch);
  const TagInfo tag = DecodeTagFile(kTag).info;
  EXPECT_EQ(tag.version, 3u);
  EXPECT_EQ(tag.branch, std::nullopt);
  EXPECT_EQ(*tag.updated_ns - *tag.created_ns, 42163064);
  const BranchInfo branch = DecodeBranchFile(kBranch).info;
  EXPECT_EQ(branch.parent, "dev");
  ASSERT_EQ(branch.lineage.size(), 2u);
  EXPECT_EQ(branch.lineage[1].first, 4u);
}

TEST(RefFileTest, ReadsOlderFilesAndKeepsMembersThatItDoesNotKnow) {
  const TagFile old = DecodeTagFile(R"({"version":1,"manifestSize":7,"new":[1,{"a":"\u0041"}]})");
  EXPECT_EQ(old.info.created_ns, std::nullopt);
  EXPECT_EQ(DecodeTagFile(EncodeTagFile(old)).unknown, old.unknown);
  EXPECT_NE(EncodeTagFile(old).find(R"("new":[1,{"a":"\u0041"}])"), std::string::npos);
}

TEST(RefFileTest, RefusesWhatIsNoTag) {
  const std::string deep = R"({"version":1,"x":)" + std::string(100, '[') + std::string(100, ']') + "}";
  for (const std::string& text : {std::string(), std::string("{"), std::string("[]"), std::string(R"({"branch":null})"), std::string(R"({"version":-1})"),
                                  std::string(R"({"version":1.5})"), std::string(R"({"version":"1"})"), std::string(R"({"version":1,"version":2})"),
                                  std::string(R"({"version":1} x)"), std::string(R"({"version":1,"createdAt":"yesterday"})"),
                                  std::string(R"({"version":1,"metadata":{"a":1}})"), std::string(R"({"version":18446744073709551616})"), deep}) {
    try {
      DecodeTagFile(text);
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << text;
    }
  }
}

TEST(RefFileTest, KnowsDates) {
  EXPECT_EQ(FormatRfc3339(0), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(FormatRfc3339(-1), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(ParseRfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ParseRfc3339("1970-01-01T01:30:00.5+01:30"), 500'000'000);
  EXPECT_EQ(ParseRfc3339("2026-11-21T19:32:10.7308228731234Z"), ParseRfc3339("2026-11-21T19:32:10.730822873Z"));
  EXPECT_EQ(FormatRfc3339(*ParseRfc3339("2026-02-28T23:59:59.000000001-00:01")), "2026-03-01T00:00:59.000000001Z");
  for (const char* text : {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01T25:00:00Z", "2026-01-01T00:00:00",
                           "2026-01-01T00:00:00.Z", "9999-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "+026-01-01T00:00:00Z"}) {
    EXPECT_EQ(ParseRfc3339(text), std::nullopt) << text;
  }
}

TEST(RefFileTest, NamesFilesByPercent) {
  EXPECT_EQ(RefFileName("feature/x"), "feature%2Fx.json");
  EXPECT_EQ(NameOfRefFile("feature%2Fx.json"), "feature/x");
  EXPECT_EQ(NameOfRefFile("%C3%A9.json"), "\u00e9");
  for (const char* name : {"a.txt", ".json", "a%2.json", "a%zz.json", "%ff.json", "a%00.json"}) EXPECT_EQ(NameOfRefFile(name), std::nullopt) << name;
}

TEST(RefFileTest, RefusesNamesAsTheReferenceDoes) {
  for (const char* name : {"a", "-", "_", "1", "HEAD", "A1_-.z"}) {
    EXPECT_NO_THROW(CheckTagName(name));
    EXPECT_NO_THROW(CheckBranchName(name));
  }
  EXPECT_NO_THROW(CheckBranchName("feature/x"));
  EXPECT_NO_THROW(CheckBranchName(".a"));
  EXPECT_NO_THROW(CheckTagName("main"));
  for (const char* name : {"", "a b", ".a", "a.", "a..b", "x.lock", "a/b", "a:b", "..", "a\\b", "a\nb", "\u00e9"}) EXPECT_THROW(CheckTagName(name), Error) << name;
  for (const char* name : {"", "main", "a b", "a//b", "/a", "a/", "a/b.lock", "a..b", "a:b", "a/../b", "a/./b", "a/data", "a/_versions"}) {
    EXPECT_THROW(CheckBranchName(name), Error) << name;
  }
}

}  // namespace
}  // namespace eider::table
