#pragma once
/// \file
/// What the operations of a Dataset take and tell; the facade itself is dataset.h.

#include <eider/array.h>
#include <eider/session.h>
#include <eider/stats.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace eider {

enum class Durability { kDefault, kFull, kNone };  ///< kDefault: EIDER_DURABILITY ("full" or "none"), else full
enum class WriteMode { kCreate, kAppend, kOverwrite };

struct OpenOptions {
  std::optional<uint64_t> version;  ///< unset: the latest
  std::shared_ptr<Session> session; ///< unset: Session::Default()
};

struct WriteOptions {
  WriteMode mode = WriteMode::kCreate;
  std::string data_storage_version;              ///< "" = "2.2" for a new dataset, the dataset's own when appending
  uint64_t max_rows_per_file = 1024 * 1024;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool enable_v2_manifest_paths = true;
  bool enable_stable_row_ids = false;
  std::map<std::string, std::string> transaction_properties;  ///< e.g. __lance_commit_message
  std::map<std::string, std::string> table_metadata;
  Durability durability = Durability::kDefault;
  std::shared_ptr<Session> session;
};

struct ScanOptions {
  std::optional<std::vector<std::string>> columns;  ///< nested paths allowed; unset: all
  std::optional<uint64_t> limit, offset;            ///< rows of the live dataset
  std::optional<std::vector<uint64_t>> fragment_ids;
  uint64_t batch_rows = 8192;
  bool with_row_id = false;       ///< adds _rowid
  bool with_row_address = false;  ///< adds _rowaddr
  ScanStats* stats = nullptr;     ///< must outlive the scan
};

struct VersionInfo {
  uint64_t version = 0;
  int64_t timestamp_ns = 0;  ///< since the Unix epoch, UTC
  std::map<std::string, std::string> metadata;
};

struct DataFileInfo {
  std::string path;  ///< below data/
  std::vector<int32_t> field_ids, column_indices;
  uint32_t major = 0, minor = 0;
  uint64_t size_bytes = 0;  ///< 0: not recorded
};
struct FragmentInfo {
  uint64_t id = 0;
  uint64_t physical_rows = 0;
  uint64_t deleted_rows = 0;
  std::vector<DataFileInfo> files;
  std::string deletion_file;  ///< path below the root, or ""
};

/// Computes new columns from a batch of the columns read, same number of rows.
using BatchFunction = std::function<RecordBatch(const RecordBatch&)>;

}  // namespace eider
