#include "eider/table/manifest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "eider/base/memory.h"
#include "eider/base/wire.h"
#include "eider/schema/field_proto.h"
#include "eider/table/feature_flags.h"

namespace eider::table {
namespace {

ManifestPtr Parse(const std::string& file) { return Manifest::Parse(CopyToBuffer(SpanOf(file))); }

// Field 200, a varint 5: stands for what a newer engine may add to a message.
const std::string kUnknownField("\xc0\x0c\x05", 3);

ManifestDraft MakeDraft() {
  ManifestDraft draft;
  draft.head.set_version(7);
  draft.head.mutable_data_format()->set_version("2.2");
  auto* field = draft.head.add_fields();
  field->set_name("a");
  field->set_parent_id(-1);
  field->set_logical_type("int64");
  EXPECT_TRUE(draft.head.MergeFromString(kUnknownField));
  for (int id : {3, 9}) {
    DataFragmentProto fragment;
    fragment.set_id(id);
    fragment.set_physical_rows(10);
    DataFileProto* file = fragment.add_files();
    file->set_path("x.lance");
    file->add_fields(0);
    file->add_column_indices(0);
    EXPECT_TRUE(file->MergeFromString(kUnknownField));
    EXPECT_TRUE(fragment.MergeFromString(kUnknownField));
    draft.owned_fragments.push_back(fragment.SerializeAsString());
  }
  for (const std::string& fragment : draft.owned_fragments) draft.fragments.push_back(SpanOf(fragment));
  draft.transaction = "txn";
  return draft;
}

TEST(ManifestTest, ReadsBackWhatItWrites) {
  const ManifestPtr manifest = Parse(SerializeManifest(MakeDraft()));
  EXPECT_EQ(manifest->version(), 7u);
  EXPECT_EQ(manifest->data_storage_version(), "2.2");
  EXPECT_EQ(manifest->schema().FindPath("a")->logical_type, "int64");
  ASSERT_EQ(manifest->num_fragments(), 2u);
  EXPECT_EQ(manifest->FindFragment(9), 1u);
  EXPECT_EQ(manifest->FindFragment(4), std::nullopt);
  EXPECT_EQ(manifest->fragment(1).FindField(0)->column, 0);
  EXPECT_EQ(std::string(manifest->inline_transaction().begin(), manifest->inline_transaction().end()), "txn");
  EXPECT_EQ(manifest->head().transaction_section(), 0u);
  EXPECT_TRUE(manifest->head().has_transaction_section());
}

TEST(ManifestTest, FragmentsGoFromOneToTheNextAsTheyLie) {
  const std::string file = SerializeManifest(MakeDraft());
  const ManifestPtr manifest = Parse(file);
  ManifestDraft copy = MakeDraft();
  copy.fragments.clear();
  copy.kept_fragments = manifest->fragment_fields();
  EXPECT_EQ(SerializeManifest(copy), file);
  copy.fragments = {SpanOf(copy.owned_fragments[0])};
  const ManifestPtr longer = Parse(SerializeManifest(copy));
  ASSERT_EQ(longer->num_fragments(), 3u);
  EXPECT_TRUE(std::ranges::equal(longer->fragment_bytes(1), manifest->fragment_bytes(1)));
  EXPECT_TRUE(std::ranges::equal(longer->fragment_bytes(2), manifest->fragment_bytes(0)));
}

TEST(ManifestTest, FragmentsWithOtherFieldsBetweenThemDoNotLieTogether) {
  const auto field = [](uint32_t number, std::string_view content) {
    std::string bytes;
    AppendWireBytes(number, SpanOf(content), &bytes);
    return bytes;
  };
  const auto fields_of = [&](const std::string& message) {
    std::string file(4, '\0');
    StoreLe<uint32_t>(reinterpret_cast<uint8_t*>(file.data()), static_cast<uint32_t>(message.size()));
    file += message;
    file.append(8, '\0').append("\0\0\2\0LANC", 8);
    return Parse(file)->fragment_fields().size();
  };
  const std::string one = field(2, "\x08\x01"), other = field(2, "\x08\x02"), unknown = field(1000, "x");
  EXPECT_EQ(fields_of(unknown + one + other), one.size() + other.size());
  EXPECT_EQ(fields_of(one + unknown + other), 0u);
  EXPECT_EQ(fields_of(unknown), 0u);
}

TEST(ManifestTest, KeepsUnknownFieldsAtEveryLevel) {
  const ManifestPtr manifest = Parse(SerializeManifest(MakeDraft()));
  EXPECT_NE(manifest->head().SerializeAsString().find(kUnknownField), std::string::npos);
  const DataFragmentProto& fragment = manifest->fragment(0).proto();
  EXPECT_NE(fragment.files(0).SerializeAsString().find(kUnknownField), std::string::npos);
  DataFragmentProto without_files = fragment;
  without_files.clear_files();
  EXPECT_NE(without_files.SerializeAsString().find(kUnknownField), std::string::npos);
}

TEST(ManifestTest, ReadsTheTransactionWhereOlderEnginesPutIt) {
  std::string file = SerializeManifest(MakeDraft());
  // Field 23 is written as the tag b8 01; a8 01 is that of field 21.
  const size_t tag = file.rfind(std::string("\xb8\x01\x00", 3));
  ASSERT_NE(tag, std::string::npos);
  file[tag] = '\xa8';
  const size_t sum = file.find("EIDERSUM");
  ASSERT_NE(sum, std::string::npos);
  file.replace(sum, 8, "of older");
  const ManifestPtr manifest = Parse(file);
  EXPECT_FALSE(manifest->head().has_transaction_section());
  EXPECT_EQ(manifest->inline_transaction().size(), 3u);
}

TEST(ManifestTest, RefusesEveryChangedByteOfAFileWithASum) {
  std::string file = SerializeManifest(MakeDraft());
  EXPECT_TRUE(Parse(file)->has_sum());
  for (char& byte : file) {
    const size_t at = static_cast<size_t>(&byte - file.data());
    byte = static_cast<char>(byte ^ 4);
    EXPECT_THROW(Parse(file), Error) << at;
    byte = static_cast<char>(byte ^ 4);
  }
}

TEST(ManifestTest, RefusesEveryTruncationAndAnAllZeroFile) {
  const std::string file = SerializeManifest(MakeDraft());
  for (size_t n = 0; n < file.size(); ++n) EXPECT_THROW(Parse(file.substr(0, n)), Error) << n;
  for (size_t n = 0; n < file.size(); ++n) EXPECT_THROW(Parse(std::string(n, '\0')), Error) << n;
}

TEST(ManifestTest, RefusesAFooterThatDoesNotMatchTheMessage) {
  std::string file = SerializeManifest(MakeDraft());
  file[file.size() - 16] += 1;
  EXPECT_THROW(Parse(file), Error);
}

TEST(ManifestTest, TakesTheLiveCopyOfAFieldAndSkipsTombstones) {
  DataFragmentProto proto;
  for (int i = 0; i < 2; ++i) {
    DataFileProto* file = proto.add_files();
    file->add_fields(i == 0 ? kTombstone : 5);
    file->add_fields(6 + i);
    file->add_column_indices(0);
    file->add_column_indices(1);
  }
  const Fragment fragment(proto);
  EXPECT_EQ(fragment.FindField(5)->file, 1);
  EXPECT_EQ(fragment.FindField(6)->file, 0);
  EXPECT_EQ(fragment.FindField(6)->column, 1);
  EXPECT_FALSE(fragment.FindField(8).has_value());
}

std::string CorruptOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kCorrupt) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

TEST(ManifestTest, NotesTwoFragmentsOfOneId) {
  ManifestDraft draft = MakeDraft();
  draft.fragments = {draft.fragments[1], draft.fragments[0], draft.fragments[1]};
  EXPECT_EQ(Parse(SerializeManifest(draft))->repeated_fragment_id(), 9u);
  draft.fragments.pop_back();
  EXPECT_EQ(Parse(SerializeManifest(draft))->repeated_fragment_id(), std::nullopt);
  EXPECT_EQ(Parse(SerializeManifest(draft))->FindFragment(9), 0u);
  EXPECT_EQ(Parse(SerializeManifest(draft))->FindFragment(3), 1u);
}

TEST(ManifestTest, RefusesAFragmentThatGivesItsIdTwice) {
  ManifestDraft draft = MakeDraft();
  const std::string fragment = draft.owned_fragments[0] + std::string("\x08\x09", 2);
  draft.fragments = {SpanOf(fragment)};
  const ManifestPtr manifest = Parse(SerializeManifest(draft));
  EXPECT_EQ(CorruptOf([&] { manifest->fragment(0); }), "fragment 3: a second id, 9");
}

TEST(ManifestTest, RefusesMoreRowsThanARowAddressCounts) {
  ManifestDraft draft = MakeDraft();
  DataFragmentProto fragment;
  fragment.set_id(3);
  fragment.set_physical_rows(uint64_t{1} << 50);
  const std::string bytes = fragment.SerializeAsString();
  draft.fragments = {SpanOf(bytes)};
  const ManifestPtr manifest = Parse(SerializeManifest(draft));
  EXPECT_EQ(CorruptOf([&] { manifest->fragment(0); }), "fragment 3: 1125899906842624 rows, more than a row address can count");
}

TEST(ManifestTest, RefusesUnknownFeatureFlagsByNumber) {
  ManifestDraft draft = MakeDraft();
  draft.head.set_reader_feature_flags(4096 | 64 | 1);
  try {
    RequireReadable(*Parse(SerializeManifest(draft)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUnsupported);
    EXPECT_NE(std::string(error.what()).find("64, 4096"), std::string::npos) << error.what();
  }
  draft.head.set_reader_feature_flags(0);
  draft.head.set_writer_feature_flags(4096);
  RequireReadable(*Parse(SerializeManifest(draft)));
  EXPECT_THROW(RequireWritable(*Parse(SerializeManifest(draft))), Error);
  draft.head.set_writer_feature_flags(256);
  EXPECT_THROW(RequireReadable(*Parse(SerializeManifest(draft))), Error);
}

}  // namespace
}  // namespace eider::table
