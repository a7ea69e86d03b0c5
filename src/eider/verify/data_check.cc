#include "eider/verify/data_check.h"

#include <atomic>

#include "eider/base/task_pool.h"
#include "eider/file/file_check.h"
#include "eider/schema/blob_columns.h"

namespace eider::verify {
namespace {

using Kind = Finding::Kind;

class DataCheck {
 public:
  DataCheck(const table::Snapshot& any, bool read_data, Session& session, Findings* findings, VerifyReport* report)
      : any_(any), read_data_(read_data), session_(session), findings_(*findings), report_(*report) {}

  /// `again`: its contents are looked at with what another manifest says.
  void Check(const NamedDataFile& named, bool again) {
    CheckInterrupt();
    Finding where{.kind = Kind::kDataFile, .path = ShownPath(any_, named.place), .version = named.version};
    findings_.Try(where, [&] {
      const io::ReadableFilePtr file = named.place.store->Open(named.place.path);
      if (named.size_bytes != 0 && file->size() != named.size_bytes) {
        throw Corrupt("fragment {}: the file has {} bytes, {} were recorded", named.fragment, file->size(), named.size_bytes);
      }
      const auto reader = file::FileReader::Open(file);
      if (named.num_rows != 0 && reader->num_rows() != named.num_rows) {
        where.kind = Kind::kRowCount;
        where.message = fmt::format("the file has {} rows, fragment {} has {}", reader->num_rows(), named.fragment, named.num_rows);
        findings_.Add(where);
      }
      if (!reader->version().IsLegacy() && named.last_column >= static_cast<int64_t>(reader->num_columns())) {
        throw Corrupt("fragment {} names column {}, the file has {}", named.fragment, named.last_column, reader->num_columns());
      }
      if (!again) CheckContents(*reader, named, where);
    });
  }

 private:
  void CheckContents(const file::FileReader& reader, const NamedDataFile& named, const Finding& where) {
    file::FileCheck check = file::CheckFile(reader, session_, read_data_, [&](uint32_t id) {
      return named.place.store->Open(SideCarPath(named.place.path, id));
    });
    for (file::FileDamage& damage : check.damage) {
      Finding finding = where;
      finding.kind = damage.is_missing ? Kind::kMissingFile : check.has_checksums ? Kind::kChecksum : Kind::kDataFile;
      finding.column = std::move(damage.column);
      finding.page = damage.page;
      finding.message = std::move(damage.what);
      findings_.Add(std::move(finding));
    }
    std::lock_guard lock(mutex_);
    ++report_.num_files;
    report_.num_unchecked_files += !check.has_checksums;
    report_.num_pages += check.num_pages;
    report_.num_blobs += check.num_blobs;
    report_.bytes_read += check.bytes_read;
  }

  const table::Snapshot& any_;
  const bool read_data_;
  Session& session_;
  Findings& findings_;
  std::mutex mutex_;
  VerifyReport& report_;
};

}  // namespace

void CheckDataFiles(const table::Snapshot& any, const std::vector<NamedDataFile>& files, bool read_data, Session& session, Findings* findings,
                    VerifyReport* report) {
  DataCheck check(any, read_data, session, findings, report);
  std::atomic<bool> stops{false};
  session.cpu_pool().ParallelFor(files.size(), [&](size_t i) {
    if (stops) return;
    try {
      // The same file stands together.
      const bool again = i > 0 && files[i - 1].place.path == files[i].place.path && files[i - 1].place.store->root() == files[i].place.store->root();
      check.Check(files[i], again);
    } catch (...) {
      stops = true;
      throw;
    }
  });
}

}  // namespace eider::verify
