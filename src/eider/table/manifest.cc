#include "eider/table/manifest.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <span>

#include "eider/base/error.h"
#include "eider/base/file_sum.h"
#include "eider/base/parse_message.h"
#include "eider/base/wire.h"
#include "eider/schema/field_proto.h"
#include "eider/table/file_version.h"

namespace eider::table {
namespace {

constexpr std::string_view kMagic = "LANC";
constexpr uint64_t kFooterBytes = 16;
constexpr uint64_t kMaxFieldHead = 6;  // tag and length of a fragment
constexpr size_t kLeastFragment = 16;
constexpr uint16_t kMinor = 2;
constexpr uint32_t kFragmentsField = 2;
constexpr uint32_t kVersionField = 3, kLegacyTransactionField = 21, kTransactionField = 23;
constexpr uint32_t kFragmentIdField = 1;  // of a fragment
constexpr uint32_t kRowsField = 4, kDeletionsField = 3, kDeletedRowsField = 4;  // of a fragment, of a fragment, of a deletion file
constexpr uint8_t kFragmentIdTag = kFragmentIdField << 3 | kWireVarint;
constexpr uint64_t kLegacyV2FormatFlag = 4;
constexpr uint64_t kNanos = 1'000'000'000;

/// The content of the Manifest message: the section that ends where the footer starts.
ByteSpan ManifestMessage(ByteSpan file) {
  if (file.size() < kFooterBytes + 4) throw Corrupt("manifest: {} bytes are too few", file.size());
  const ByteSpan footer = file.last(kFooterBytes);
  if (std::string_view(reinterpret_cast<const char*>(footer.data()) + 12, 4) != kMagic) {
    throw Corrupt("manifest: it does not end in 'LANC' ({} bytes)", file.size());
  }
  const uint64_t position = LoadLe<uint64_t>(footer.data());
  const uint64_t end = file.size() - kFooterBytes;
  if (position > end - 4) throw Corrupt("manifest: position {} in a file of {} bytes", position, file.size());
  const uint64_t length = LoadLe<uint32_t>(file.data() + position);
  if (position + 4 + length != end) {
    throw Corrupt("manifest: a message of {} bytes at {} does not end at {}", length, position, end);
  }
  if (length == 0) throw Corrupt("manifest: its message is empty");
  return file.subspan(position + 4, length);
}

uint64_t FragmentId(ByteSpan fragment) {
  uint64_t id = 0, at = 1;
  if (!fragment.empty() && fragment[0] == kFragmentIdTag) return TakeVarint(fragment, &at, "fragment");
  VisitWireFields(fragment, "fragment", [&id](const WireField& field) {
    if (field.number != kFragmentIdField || field.wire_type != kWireVarint) return true;
    id = field.varint;
    return false;
  });
  return id;
}

/// The fragments of a message: what each holds and its id, and where they lie together all of them with tags and lengths.
struct FragmentList {
  std::vector<ByteSpan> contents;
  std::vector<uint64_t> ids;
  ByteSpan together;
};

/// Everything but the fragments goes into `head`.
FragmentList ParseMessageButFragments(ByteSpan message, ManifestProto* head) {
  FragmentList fragments;
  std::string rest;
  const uint8_t* first = nullptr;
  const uint8_t* end = nullptr;
  bool together = true;
  VisitWireFields(message, "manifest", [&](const WireField& field) {
    if (field.number != kFragmentsField || field.wire_type != kWireBytes) {
      rest.append(reinterpret_cast<const char*>(field.whole.data()), field.whole.size());
      return true;
    }
    if (!first) {
      first = field.whole.data();
      // Most are about as long as the first.
      const size_t count = static_cast<size_t>(message.data() + message.size() - first) / std::max(field.whole.size(), kLeastFragment) + 1;
      fragments.contents.reserve(count);
      fragments.ids.reserve(count);
    } else {
      together = together && end == field.whole.data();
    }
    fragments.contents.push_back(field.content);
    fragments.ids.push_back(FragmentId(field.content));
    end = field.whole.data() + field.whole.size();
    return true;
  });
  if (!ParseMessage(SpanOf(rest), head)) throw Corrupt("manifest: a message of {} bytes does not parse", rest.size());
  if (first && together) fragments.together = ByteSpan(first, end);
  return fragments;
}

std::optional<uint64_t> FindRepeated(std::span<const uint64_t> ids) {
  std::vector<uint64_t> sorted;
  if (!std::is_sorted(ids.begin(), ids.end())) {
    sorted.assign(ids.begin(), ids.end());
    std::sort(sorted.begin(), sorted.end());
    ids = sorted;
  }
  const auto twice = std::adjacent_find(ids.begin(), ids.end());
  if (twice == ids.end()) return std::nullopt;
  return *twice;
}

std::string SerializeDeterministic(const google::protobuf::MessageLite& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return bytes;
}

void AppendSection(ByteSpan content, std::string* out) {
  if (content.size() > UINT32_MAX) throw Unsupported("manifest: a section of {} bytes", content.size());
  uint8_t length[4];
  StoreLe<uint32_t>(length, static_cast<uint32_t>(content.size()));
  out->append(reinterpret_cast<const char*>(length), 4);
  out->append(reinterpret_cast<const char*>(content.data()), content.size());
}

}  // namespace

ByteSpan Manifest::TransactionIn(ByteSpan file, uint64_t version) {
  const ByteSpan message = ManifestMessage(file);
  CheckFileSum(file, static_cast<uint64_t>(message.data() - file.data()) - sizeof(uint32_t));
  uint64_t found_version = 0;
  std::optional<uint64_t> position, legacy;
  VisitWireFields(message, "manifest", [&](const WireField& field) {
    if (field.wire_type != kWireVarint) return true;
    if (field.number == kVersionField) found_version = field.varint;
    else if (field.number == kTransactionField) position = field.varint;
    else if (field.number == kLegacyTransactionField) legacy = field.varint;
    return true;
  });
  if (!position) position = legacy;
  if (!position || found_version != version) return {};
  const uint64_t length = ReadLe<uint32_t>(file, *position, "manifest: transaction section");
  return CheckedSubspan(file, *position + 4, length, "manifest: transaction section");
}

std::shared_ptr<const Manifest> Manifest::Parse(Buffer bytes) {
  std::shared_ptr<Manifest> manifest(new Manifest());
  manifest->bytes_ = std::move(bytes);
  const ByteSpan message = ManifestMessage(manifest->bytes_.span());
  manifest->message_at_ = static_cast<uint64_t>(message.data() - manifest->bytes_.data()) - sizeof(uint32_t);
  manifest->has_sum_ = CheckFileSum(manifest->bytes_.span(), manifest->message_at_);
  FragmentList fragments = ParseMessageButFragments(message, &manifest->head_);
  manifest->fragment_bytes_ = std::move(fragments.contents);
  manifest->fragment_ids_ = std::move(fragments.ids);
  manifest->fragment_fields_ = fragments.together;
  manifest->repeated_fragment_id_ = FindRepeated(manifest->fragment_ids_);
  if (manifest->head_.has_fragment_tree()) throw Unsupported("manifest: a tree of fragments");
  manifest->fragments_.reset(new std::atomic<const Fragment*>[manifest->fragment_bytes_.size()]());
  manifest->schema_ = SchemaFromProto(manifest->head_.fields(), manifest->head_.schema_metadata());
  manifest->InferStorageVersion();
  return manifest;
}

namespace {

/// What a crash leaves of a file: nothing, its beginning, or blocks that were never written.
bool IsIncomplete(ByteSpan file) {
  constexpr size_t kSector = 512;
  if (file.size() < kFooterBytes + sizeof(uint32_t)) return true;
  const auto is_zero = [](uint8_t byte) { return byte == 0; };
  for (size_t at = 0; at < file.size(); at += kSector) {
    const ByteSpan sector = file.subspan(at, std::min(kSector, file.size() - at));
    if (sector.size() >= kFooterBytes && std::ranges::all_of(sector, is_zero)) return true;
  }
  // A magic of which most is there was changed, not cut off.
  const ByteSpan magic = file.last(kMagic.size());
  size_t same = 0;
  for (size_t i = 0; i < kMagic.size(); ++i) same += magic[i] == static_cast<uint8_t>(kMagic[i]);
  return same + 1 < kMagic.size();
}

}  // namespace

bool IsTornManifest(ByteSpan file) {
  try {
    const ByteSpan message = ManifestMessage(file);
    CheckFileSum(file, static_cast<uint64_t>(message.data() - file.data()) - sizeof(uint32_t));
    ManifestProto head;
    ParseMessageButFragments(message, &head);
    return false;
  } catch (const Error&) {
    return IsIncomplete(file);
  }
}

Manifest::~Manifest() {
  for (size_t i = 0; i < fragment_bytes_.size() && fragments_; ++i) delete fragments_[i].load(std::memory_order_relaxed);
}

void Manifest::InferStorageVersion() {
  if (head_.has_data_format() && !head_.data_format().version().empty()) {
    const std::string& version = head_.data_format().version();
    data_storage_version_ = version == "0.3" ? "2.0" : version;
  } else if (!fragment_bytes_.empty() && fragment(0).num_files() > 0) {
    const DataFileProto& file = fragment(0).file(0);
    data_storage_version_ = FileVersionName(file.file_major_version(), file.file_minor_version());
  } else {
    const bool v2 = ((reader_feature_flags() | writer_feature_flags()) & kLegacyV2FormatFlag) != 0;
    data_storage_version_ = v2 ? "2.0" : "0.1";
  }
}

int64_t Manifest::timestamp_ns() const {
  // Out-of-range seconds are clamped: a wrong clock must not make a version unreadable.
  constexpr int64_t kMaxSeconds = INT64_MAX / static_cast<int64_t>(kNanos) - 1;
  const int64_t seconds = std::clamp<int64_t>(head_.timestamp().seconds(), -kMaxSeconds, kMaxSeconds);
  return seconds * static_cast<int64_t>(kNanos) + head_.timestamp().nanos() % static_cast<int32_t>(kNanos);
}

std::map<std::string, std::string> Manifest::config() const { return {head_.config().begin(), head_.config().end()}; }

std::map<std::string, std::string> Manifest::table_metadata() const {
  return {head_.table_metadata().begin(), head_.table_metadata().end()};
}

const Fragment& Manifest::fragment(size_t i) const {
  const Fragment* decoded = fragments_[i].load(std::memory_order_acquire);
  if (decoded) return *decoded;
  // Releases that did not sign their manifests kept wrong counts of rows.
  auto fresh = std::make_unique<const Fragment>(Fragment::Parse(fragment_bytes_[i], head_.has_writer_version()));
  if (fresh->id() != fragment_ids_[i]) throw Corrupt("fragment {}: a second id, {}", fragment_ids_[i], fresh->id());
  const Fragment* expected = nullptr;
  if (fragments_[i].compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel)) return *fresh.release();
  return *expected;
}

std::optional<uint64_t> Manifest::live_rows(size_t i) const {
  if (!head_.has_writer_version()) return std::nullopt;  // as in fragment()
  uint64_t rows = 0, deleted = 0;
  int num_deletion_files = 0;
  VisitWireFields(fragment_bytes_[i], "fragment", [&](const WireField& field) {
    if (field.number == kRowsField && field.wire_type == kWireVarint) rows = field.varint;
    if (field.number != kDeletionsField || field.wire_type != kWireBytes) return true;
    ++num_deletion_files;
    VisitWireFields(field.content, "deletion file", [&](const WireField& inner) {
      if (inner.number == kDeletedRowsField && inner.wire_type == kWireVarint) deleted = inner.varint;
      return true;
    });
    return true;
  });
  if (rows == 0 || rows > uint64_t{UINT32_MAX} + 1 || num_deletion_files > 1) return std::nullopt;
  if (num_deletion_files == 1 && (deleted == 0 || deleted > rows)) return std::nullopt;
  return rows - deleted;
}

std::optional<size_t> Manifest::FindFragment(uint64_t id) const {
  // Fragments are sorted by id, but nothing relies on a stored order without looking.
  auto found = std::lower_bound(fragment_ids_.begin(), fragment_ids_.end(), id);
  if (found == fragment_ids_.end() || *found != id) found = std::find(fragment_ids_.begin(), fragment_ids_.end(), id);
  if (found == fragment_ids_.end()) return std::nullopt;
  return static_cast<size_t>(found - fragment_ids_.begin());
}

ByteSpan Manifest::Section(uint64_t position, const char* what) const {
  const uint64_t length = ReadLe<uint32_t>(bytes_.span(), position, what);
  return CheckedSubspan(bytes_.span(), position + 4, length, what);
}

ByteSpan Manifest::index_section() const {
  return head_.has_index_section() ? Section(head_.index_section(), "manifest: index section") : ByteSpan();
}

ByteSpan Manifest::inline_transaction() const {
  if (head_.has_transaction_section()) return Section(head_.transaction_section(), "manifest: transaction section");
  if (head_.has_legacy_transaction_section()) {
    return Section(head_.legacy_transaction_section(), "manifest: transaction section");
  }
  return {};
}

ByteSpan Manifest::dictionaries() const {
  const auto& fields = head_.fields();
  if (std::none_of(fields.begin(), fields.end(), [](const auto& field) { return field.has_dictionary(); })) return {};
  uint64_t end = message_at_ - (has_sum_ ? kFileSumBytes : 0);
  if (head_.has_index_section()) end = std::min<uint64_t>(end, head_.index_section());
  if (head_.has_transaction_section()) end = std::min<uint64_t>(end, head_.transaction_section());
  if (head_.has_legacy_transaction_section()) end = std::min<uint64_t>(end, head_.legacy_transaction_section());
  return bytes_.span().first(end);
}

std::string SerializeManifest(const ManifestDraft& draft) {
  std::string file(reinterpret_cast<const char*>(draft.dictionaries.data()), draft.dictionaries.size());
  ManifestProto head = draft.head;
  head.clear_fragments();
  head.clear_index_section();
  head.clear_transaction_section();
  head.clear_legacy_transaction_section();
  if (!draft.index_section.empty()) {
    head.set_index_section(file.size());
    AppendSection(draft.index_section, &file);
  }
  if (!draft.transaction.empty()) {
    head.set_transaction_section(file.size());
    AppendSection(SpanOf(draft.transaction), &file);
  }
  // In the order of field numbers, as everybody writes it: the schema, the fragments, the rest.
  ManifestProto schema;
  schema.mutable_fields()->Swap(head.mutable_fields());
  const std::string first = SerializeDeterministic(schema), last = SerializeDeterministic(head);
  const uint64_t sum_at = file.size(), position = sum_at + kFileSumBytes;
  uint64_t expected = sizeof(uint32_t) + first.size() + draft.kept_fragments.size() + last.size() + kFooterBytes;
  for (const ByteSpan fragment : draft.fragments) expected += fragment.size() + kMaxFieldHead;
  file.reserve(position + expected);
  file.append(kFileSumBytes + sizeof(uint32_t), '\0').append(first);
  file.append(reinterpret_cast<const char*>(draft.kept_fragments.data()), draft.kept_fragments.size());
  for (const ByteSpan fragment : draft.fragments) AppendWireBytes(kFragmentsField, fragment, &file);
  file += last;
  const uint64_t length = file.size() - position - sizeof(uint32_t);
  if (length > UINT32_MAX) throw Unsupported("manifest: a message of {} bytes", length);
  StoreLe<uint32_t>(reinterpret_cast<uint8_t*>(file.data()) + position, static_cast<uint32_t>(length));
  uint8_t footer[12] = {};
  StoreLe<uint64_t>(footer, position);
  StoreLe<uint16_t>(footer + 10, kMinor);
  file.append(reinterpret_cast<const char*>(footer), sizeof(footer));
  file.append(kMagic);
  file.replace(sum_at, kFileSumBytes, FileSum(SpanOf(file).first(sum_at), SpanOf(file).subspan(position)));
  return file;
}

}  // namespace eider::table
