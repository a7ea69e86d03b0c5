#pragma once
/// \file
/// Writes streams of batches into data files, rolling to the next file by rows and bytes.

#include <eider/array.h>
#include <eider/write_options.h>
#include <eider/schema.h>

#include <memory>
#include <string>
#include <vector>

#include "eider/file/file_writer.h"
#include "eider/io/store.h"
#include "eider/table/fragment.h"

namespace eider::mutate {

struct WriteFragmentsOptions {
  file::FileVersion version{2, 2};
  uint64_t max_rows_per_file = 1024 * 1024;
  uint64_t max_bytes_per_file = uint64_t{90} << 30;
  bool checksums = true;
  bool sync = true;
  uint64_t max_page_bytes = 32 << 20;
  page::EncodingRequest encoding = {};
  std::shared_ptr<Session> session;
};

/// Data files of a commit in the making: those not Kept() are removed again.
class NewDataFiles {
 public:
  NewDataFiles(io::ObjectStorePtr store, WriteFragmentsOptions options)
      : store_(std::move(store)), options_(std::move(options)) {}
  ~NewDataFiles();
  NewDataFiles(const NewDataFiles&) = delete;
  NewDataFiles& operator=(const NewDataFiles&) = delete;

  const WriteFragmentsOptions& options() const { return options_; }
  /// A writer for a fresh file, whose name goes to `*name`.
  std::unique_ptr<file::FileWriter> Create(const LanceSchema& schema, std::string* name);
  /// Ends the file; its entry for a manifest.
  table::DataFileProto Finish(file::FileWriter& writer, const std::string& name);
  /// The commit has landed, or may have: the files stay.
  void Keep() { names_.clear(); }

 private:
  io::ObjectStorePtr store_;
  WriteFragmentsOptions options_;
  std::vector<std::string> names_;
};

/// Fragments with id 0 ("assign at commit"), one data file each. Batches must have exactly the columns of `schema`, in
/// order. No rows, no fragments.
std::vector<table::DataFragmentProto> WriteFragments(RecordBatchReader& data, const LanceSchema& schema, NewDataFiles* files);

/// The data-file version of a version string that can be written here. \throws Error(kUnsupported) for a version of the
/// format that is not written here, Error(kInvalid) for a string that names none.
file::FileVersion WritableVersion(const std::string& storage_version);

}  // namespace eider::mutate
