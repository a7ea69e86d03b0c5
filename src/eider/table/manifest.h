#pragma once
/// \file
/// The manifest: everything that one version of a dataset is.
///
///     | u32 n | IndexSection |    only with indices; position in field 6
///     | u32 n | Transaction  |    position in field 23 (older engines: 21)
///     | ...                  |    dictionary values of 0.1 datasets
///     | sum, 12 bytes        |    of the whole file (base/file_sum.h), when we wrote it: nothing leads others there
///     | u32 n | Manifest     |
///     | i64 position of that | i16 major = 0 | i16 minor | "LANC" |
///
/// Reader: magic, position, lengths and the version in the file name must agree. Writer: minor 2, transaction in field 23.
/// Fields that this version does not know are kept when the next version is made from this one, at manifest, fragment
/// and file level.

#include <eider/schema.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "eider/base/bytes.h"
#include "eider/io/store.h"
#include "eider/proto/transaction.pb.h"
#include "eider/table/fragment.h"

namespace eider::table {

using ManifestProto = ::lance::table::Manifest;
using TransactionProto = ::lance::table::Transaction;
using IndexSectionProto = ::lance::table::IndexSection;

/// A parsed manifest. Immutable and thread-safe; fragments are decoded when they are first touched.
class Manifest {
 public:
  /// `bytes` is the whole manifest file. \throws Error(kCorrupt)
  static std::shared_ptr<const Manifest> Parse(Buffer bytes);
  /// The transaction section of a manifest file, the rest of which is checked, but not parsed. Empty where it has none, or is
  /// of another version. \throws Error(kCorrupt)
  static ByteSpan TransactionIn(ByteSpan file, uint64_t version);
  ~Manifest();

  uint64_t version() const { return head_.version(); }
  int64_t timestamp_ns() const;
  const LanceSchema& schema() const { return schema_; }
  /// "2.2"; inferred from the files when the manifest does not say; "" for an old one without files.
  const std::string& data_storage_version() const { return data_storage_version_; }
  uint64_t reader_feature_flags() const { return head_.reader_feature_flags(); }
  uint64_t writer_feature_flags() const { return head_.writer_feature_flags(); }
  bool uses_stable_row_ids() const { return (reader_feature_flags() & 2) != 0; }
  std::map<std::string, std::string> config() const;
  std::map<std::string, std::string> table_metadata() const;

  size_t num_fragments() const { return fragment_bytes_.size(); }
  /// \throws Error(kCorrupt)
  const Fragment& fragment(size_t i) const;
  ByteSpan fragment_bytes(size_t i) const { return fragment_bytes_[i]; }
  /// Rows of fragment i that are not deleted, without decoding it. nullopt where the fragment does not say, or contradicts itself.
  std::optional<uint64_t> live_rows(size_t i) const;
  /// All fragments as they lie in the message, each with tag and length. Empty where they do not lie together.
  ByteSpan fragment_fields() const { return fragment_fields_; }
  /// An id that two fragments have: an early release wrote that. It reads, but nothing may be written on it.
  const std::optional<uint64_t>& repeated_fragment_id() const { return repeated_fragment_id_; }
  /// Index of the fragment with this id, or nullopt.
  std::optional<size_t> FindFragment(uint64_t id) const;

  /// All fields but the fragments.
  const ManifestProto& head() const { return head_; }
  bool has_index_section() const { return head_.has_index_section(); }
  /// The serialized IndexSection, empty without one. \throws Error(kCorrupt)
  ByteSpan index_section() const;
  /// The serialized inline transaction, empty without one. \throws Error(kCorrupt)
  ByteSpan inline_transaction() const;
  /// What the file holds before everything else: the values of dictionary columns in tables of version 0.1, whose fields name them by
  /// position in the file. Empty where no field does.
  ByteSpan dictionaries() const;
  /// Whether the file has a checksum, which Parse held it against.
  bool has_sum() const { return has_sum_; }
  /// Size of the manifest file.
  uint64_t size_bytes() const { return bytes_.size(); }
  ByteSpan bytes() const { return bytes_.span(); }

 private:
  Manifest() = default;
  ByteSpan Section(uint64_t position, const char* what) const;
  void InferStorageVersion();

  Buffer bytes_;
  uint64_t message_at_ = 0;  ///< position of the section that holds the message
  bool has_sum_ = false;
  ManifestProto head_;
  LanceSchema schema_;
  std::string data_storage_version_;
  std::vector<ByteSpan> fragment_bytes_;
  ByteSpan fragment_fields_;
  std::vector<uint64_t> fragment_ids_;
  std::unique_ptr<std::atomic<const Fragment*>[]> fragments_;
  std::optional<uint64_t> repeated_fragment_id_;
};
using ManifestPtr = std::shared_ptr<const Manifest>;

/// True when the bytes are no manifest, but what a crash leaves of one: nothing, its beginning, or blocks of zeros. One that was damaged
/// otherwise, asks for more than this version knows, or contradicts itself is not torn.
bool IsTornManifest(ByteSpan file);

/// The parts of a manifest file about to be written.
struct ManifestDraft {
  ManifestProto head;                        ///< without fragments; section positions are filled in by Serialize
  std::vector<std::string> owned_fragments;  ///< storage for fragments that changed
  ByteSpan kept_fragments;                   ///< serialized DataFragments with tags and lengths, as an older manifest has them
  std::vector<ByteSpan> fragments;           ///< serialized DataFragments that follow, sorted by id
  ByteSpan dictionaries;                     ///< go first, so that they stay where fields say that they are
  ByteSpan index_section;                    ///< empty: none
  std::string transaction;                   ///< serialized; empty: none
};
std::string SerializeManifest(const ManifestDraft& draft);

}  // namespace eider::table
