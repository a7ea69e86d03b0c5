#pragma once
/// \file
/// Writes streams of batches into data files, rolling to the next file by rows and bytes.

#include <eider/array.h>
#include <eider/write_options.h>
#include <eider/schema.h>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "eider/file/file_writer.h"
#include "eider/io/store.h"
#include "eider/mutate/data_places.h"
#include "eider/table/fragment.h"

namespace eider::mutate {

struct WriteFragmentsOptions {
  file::FileVersion version{2, 2};
  uint64_t max_rows_per_file = 1024 * 1024;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool checksums = true;
  bool sync = true;
  ExternalBlobs external_blobs = ExternalBlobs::kRefuse;
  uint64_t blob_pack_file_bytes = 0;
  uint64_t max_page_bytes = 32 << 20;
  page::EncodingRequest encoding = {};
  DataPlaces places = {};  ///< empty: the table's own folder
  std::shared_ptr<WriteProgress> progress = {};
  std::shared_ptr<Session> session;
};

/// Data files of a commit in the making, and their side-cars: those not Kept() are removed again. Thread-safe.
class NewDataFiles {
 public:
  NewDataFiles(const io::ObjectStorePtr& store, WriteFragmentsOptions options);
  ~NewDataFiles();
  NewDataFiles(const NewDataFiles&) = delete;
  NewDataFiles& operator=(const NewDataFiles&) = delete;

  const WriteFragmentsOptions& options() const { return options_; }
  /// A writer for a fresh file, whose name goes to `*name`.
  std::unique_ptr<file::FileWriter> Create(const LanceSchema& schema, std::string* name);
  /// Ends the file; its entry for a manifest.
  table::DataFileProto Finish(file::FileWriter& writer, const std::string& name);
  /// The commit has landed, or may have: the files stay.
  void Keep();

 private:
  struct Path {
    io::ObjectStorePtr store;
    std::string path;
  };
  void Remember(const io::ObjectStorePtr& store, std::string path);
  /// The next place in turn, which is that of the file of this name from now on.
  const DataPlace& PlaceFor(const std::string& name);
  const DataPlace& PlaceOf(const std::string& name);

  WriteFragmentsOptions options_;
  std::mutex mutex_;
  std::vector<Path> paths_;
  std::map<std::string, size_t> place_by_name_;
  size_t num_placed_ = 0;
};

/// \throws Error(kInvalid) for a name that scans give to row ids, addresses, offsets and versions: nobody could read both
void RequireOwnName(std::string_view column);

/// Arrow -> Lance for columns of a table with data files of `version`: there, blobs of form v1 may have become v2.
/// \throws Error(kUnsupported) as ToLanceSchema, and for blobs that such files cannot hold.
LanceSchema TableColumns(const Schema& columns, file::FileVersion version, int32_t first_id = 0);

/// Fragments with id 0 ("assign at commit"), one data file each. Batches must have exactly the columns of `schema`, in
/// order. No rows, no fragments.
/// At most `max_rows` in each, or as many as the options of `files` say.
std::vector<table::DataFragmentProto> WriteFragments(RecordBatchReader& data, const LanceSchema& schema, NewDataFiles* files,
                                                     std::optional<uint64_t> max_rows = {});

/// The data-file version of a version string that can be written here. \throws Error(kUnsupported) for a version of the
/// format that is not written here, Error(kInvalid) for a string that names none.
file::FileVersion WritableVersion(const std::string& storage_version);

}  // namespace eider::mutate
