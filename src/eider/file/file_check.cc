#include "eider/file/file_check.h"

#include <algorithm>
#include <mutex>

#include "eider/base/error.h"
#include "eider/base/task_pool.h"
#include "eider/file/blob_sums.h"
#include "eider/file/file_reader_impl.h"

namespace eider::file {
namespace {

/// Of a column that is decoded, so many bytes at a time, about, and at most so many rows.
constexpr uint64_t kDecodedBytes = 8 << 20;
constexpr uint64_t kDecodedRows = 8192;

void CollectPaths(const LanceField& field, const std::string& prefix, std::vector<std::string>& paths) {
  const std::string path = prefix + field.name;
  if (field.IsLeaf()) return paths.push_back(path);
  for (const LanceField& child : field.children) CollectPaths(child, path + ".", paths);
}

class WholeFile {
 public:
  WholeFile(const FileReader& reader, Session& session) : reader_(reader), impl_(reader.impl()), session_(session) {}

  FileCheck Run(bool read_data, const std::function<io::ReadableFilePtr(uint32_t)>& open_side_car) {
    Try({}, [&] {
      for (uint32_t i = 0; i < reader_.num_global_buffers(); ++i) reader_.ReadGlobalBuffer(i);
      for (const LanceField& field : reader_.schema().fields) CollectPaths(field, "", names_);
      check_.has_checksums = !impl_.tail().version.IsLegacy() && impl_.state->Sums(*impl_.file, nullptr) != nullptr;
    });
    if (!check_.damage.empty() || impl_.tail().version.IsLegacy()) return std::move(check_);
    if (impl_.stored || !check_.has_checksums) {
      if (read_data) DecodeColumns();
      return std::move(check_);
    }
    CheckColumns(read_data);
    if (read_data) CheckBlobs(open_side_car);
    return std::move(check_);
  }

 private:
  struct Page {
    uint32_t column = 0;
    size_t index = 0;
  };

  template <typename Body>
  void Try(FileDamage where, Body&& body) {
    try {
      body();
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::kCancelled) throw;
      where.is_missing = error.kind() == ErrorKind::kNotFound;
      where.what = error.what();
      std::lock_guard lock(mutex_);
      check_.damage.push_back(std::move(where));
    }
  }
  std::string NameOf(uint32_t column) const { return column < names_.size() ? names_[column] : fmt::format("column {}", column); }

  void CheckColumns(bool read_data) {
    std::vector<Page> pages;
    for (uint32_t c = 0; c < reader_.num_columns(); ++c) {
      Try({.column = NameOf(c)}, [&] {
        const ColumnPages& column = impl_.Column(c);
        for (size_t i = 0; i < column.num_pages(); ++i) pages.push_back({c, i});
      });
    }
    check_.num_pages = pages.size();
    if (!read_data) return;
    std::atomic<bool> stops{false};
    std::atomic<uint64_t> bytes{0};
    session_.cpu_pool().ParallelFor(pages.size(), [&](size_t i) {
      if (stops) return;
      try {
        CheckInterrupt();
        Try({.column = NameOf(pages[i].column), .page = pages[i].index}, [&] { bytes += CheckPage(pages[i]); });
      } catch (...) {
        stops = true;
        throw;
      }
    });
    check_.bytes_read += bytes;
  }

  uint64_t CheckPage(const Page& page) {
    const ColumnPages& column = impl_.Column(page.column);
    const PageVerifier* verifier = column.Verifier(page.index);
    if (!verifier) throw Corrupt("the page has no checksums, the file has");
    const Buffer mapping = impl_.file->Mapped();
    uint64_t bytes = 0;
    for (const ByteRange& range : column.source(page.index).buffers) {
      // Units that a piece cuts are read on their own.
      for (uint64_t at = 0; at < range.length; at += kDecodedBytes) {
        impl_.file->CheckNotCut();
        const ByteRange piece{range.offset + at, std::min(kDecodedBytes, range.length - at)};
        const Buffer held = impl_.file->Read(piece);
        verifier->Verify(*impl_.file, mapping.span(), piece, held.span(), false);
      }
      bytes += range.length;
    }
    return bytes;
  }

  void CheckBlobs(const std::function<io::ReadableFilePtr(uint32_t)>& open_side_car) {
    Try({}, [&] {
      const std::shared_ptr<const BlobSums> sums = reader_.blob_sums(nullptr);
      if (!sums) return;
      sums->CheckAll(open_side_car, [&](uint64_t length, const std::function<void()>& check) {
        CheckInterrupt();
        ++check_.num_blobs;
        check_.bytes_read += length;
        Try({}, check);
      });
    });
  }

  void DecodeColumns() {
    std::vector<ColumnProjection> columns;
    Try({}, [&] { columns = reader_.AllColumns(); });
    for (const ColumnProjection& column : columns) {
      Try({.column = column.field.name}, [&] {
        uint64_t stored = 0;
        for (const int32_t leaf : column.leaf_columns) {
          const FieldSize size = reader_.SizeOf(leaf);
          stored += size.size_bytes;
          check_.num_pages += size.num_pages;
        }
        const uint64_t rows = std::max<uint64_t>(1, reader_.num_rows());
        const uint64_t step = std::clamp<uint64_t>(kDecodedBytes / std::max<uint64_t>(1, stored / rows), 1, kDecodedRows);
        for (uint64_t first = 0; first < reader_.num_rows(); first += step) {
          CheckInterrupt();
          reader_.ReadRange({&column, 1}, first, std::min(step, reader_.num_rows() - first), {.session = &session_});
        }
        check_.bytes_read += stored;
      });
    }
  }

  const FileReader& reader_;
  const FileReader::Impl& impl_;
  Session& session_;
  std::vector<std::string> names_;
  std::mutex mutex_;
  FileCheck check_;
};

}  // namespace

FileCheck CheckFile(const FileReader& reader, Session& session, bool read_data,
                    const std::function<io::ReadableFilePtr(uint32_t)>& open_side_car) {
  return WholeFile(reader, session).Run(read_data, open_side_car);
}

}  // namespace eider::file
