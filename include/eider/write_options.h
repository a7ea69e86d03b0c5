#pragma once
/// \file
/// How rows are written and how firmly a commit holds.

#include <eider/blob.h>
#include <eider/refs.h>
#include <eider/session.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eider {

enum class Durability { kDefault, kFull, kNone };  ///< kDefault: EIDER_DURABILITY ("full" or "none"), else full
/// What others commit while an operation runs, and what it read of the table. kSnapshot: it stands as long as it changes other rows than
/// they do. kSerializable: only when it would have read the same after them; otherwise it is run again.
enum class Isolation { kSnapshot, kSerializable };
enum class WriteMode { kCreate, kAppend, kOverwrite };

/// How values are laid out. kFast: random access first. kCompact: size first; Zstandard in larger chunks, dictionaries, and
/// byte-stream-split where it pays.
enum class EncodingProfile { kFast, kCompact };
struct EncodingOptions {
  EncodingProfile profile = EncodingProfile::kFast;
  /// By path of the field ("column.child"): `profile` and the keys of `lance-encoding:*` without their prefix. They win over the
  /// field's metadata and are not stored. \throws Error(kInvalid) for a path, key or value that is not known.
  std::map<std::string, std::map<std::string, std::string>> columns;
};

/// Which places take new data files, in turn. None named: the table's own folder.
struct TargetBases {
  std::vector<std::string> references;  ///< names or paths of base paths, or the table's own location
  std::optional<bool> all;              ///< all base paths; true: the table's own folder too, first. Not beside `references`
};

/// Is told of the data files of a write, on the thread that writes. What it throws ends the write.
class WriteProgress {
 public:
  virtual ~WriteProgress() = default;
  /// A file begins.
  virtual void Begin() = 0;
  /// A file is whole. `fragment`: the serialized DataFragment, with its rows and the name and size of the file.
  virtual void Complete(const std::string& fragment) = 0;
};

struct WriteOptions {
  WriteMode mode = WriteMode::kCreate;
  std::string data_storage_version;              ///< "" = "2.2" for a new dataset, the dataset's own when appending
  uint64_t max_rows_per_file = 1024 * 1024;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool checksums = true;                         ///< of the new data files, with page statistics
  bool enable_v2_manifest_paths = true;
  bool enable_stable_row_ids = false;            ///< kUnsupported for a table that exists without them
  std::map<std::string, std::string> transaction_properties;  ///< e.g. __lance_commit_message
  std::map<std::string, std::string> table_metadata;          ///< of a new table; kUnsupported for one that exists with others
  std::map<std::string, std::string> config;                  ///< likewise
  ExternalBlobs external_blobs = ExternalBlobs::kRefuse;
  uint64_t blob_pack_file_bytes = 0;             ///< of side-cars that blobs share, whatever fields ask for; 0: as they ask
  EncodingOptions encoding;
  uint64_t max_page_bytes = 32 << 20;            ///< of rows before they are encoded
  std::vector<BasePath> initial_bases;           ///< of a new table; their ids are given by the table. kInvalid for one that exists
  TargetBases target_bases;                      ///< \throws Error(kInvalid) for one that is not registered
  std::shared_ptr<WriteProgress> progress;       ///< may be null
  /// Of appends and overwrites: kRetryableConflict when others changed rows since this version, which decided what is written.
  std::optional<uint64_t> unchanged_since;
  /// Of appends that mean the table as it was at this version: kConflict when it was overwritten since.
  std::optional<uint64_t> not_overwritten_since;
  Durability durability = Durability::kDefault;
  std::shared_ptr<Session> session;
};

/// Of commits of what others wrote (transaction.h).
struct CommitOptions {
  uint32_t max_retries = 20;             ///< attempts while others are faster
  bool detached = false;                 ///< a version of its own beside the line of versions, found by number only
  bool enable_v2_manifest_paths = true;  ///< of a new table
  bool enable_stable_row_ids = false;    ///< of a new table
  bool must_create = false;              ///< an overwrite makes the table; kAlreadyExists where there is one
  bool unchanged = false;                ///< kRetryableConflict when others changed rows since the version that the transaction read
  Durability durability = Durability::kDefault;
  std::shared_ptr<Session> session;
};

/// Of deletes, updates and compactions.
struct ChangeOptions {
  Durability durability = Durability::kDefault;
  Isolation isolation = Isolation::kSnapshot;  ///< a compaction changes no row: it has no use for it
  uint32_t conflict_retries = 10;  ///< runs again on newer versions while other writers change the same fragments
  std::chrono::nanoseconds retry_timeout = std::chrono::seconds(30);  ///< after it, none begins
};

}  // namespace eider
