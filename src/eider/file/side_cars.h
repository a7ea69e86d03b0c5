#pragma once
/// \file
/// Side-cars: files beside a data file that hold blobs too large for it, raw and without a header. They are numbered from 1 in the order in
/// which they are begun, whatever column they belong to.

#include <eider/blob.h>

#include <functional>
#include <memory>

#include "eider/base/bytes.h"
#include "eider/io/store.h"

namespace eider::file {

struct BlobWriteOptions {
  /// Begins a side-car of this number. Without it there are none, and columns that may need some are refused.
  std::function<std::unique_ptr<io::WritableFile>(uint32_t blob_id)> create_side_car;
  bool sync = true;             ///< side-cars are durable before the data file is
  uint64_t pack_file_bytes = 0; ///< of a shared side-car at most, whatever fields ask for; 0: as they ask
  ExternalBlobs external = ExternalBlobs::kRefuse;
};

/// A value of a side-car.
struct SideCarPlace {
  uint32_t blob_id = 0;
  uint64_t position = 0;
};

class SideCars {
 public:
  explicit SideCars(BlobWriteOptions options) : options_(std::move(options)) {}

  const BlobWriteOptions& options() const { return options_; }
  bool available() const { return options_.create_side_car != nullptr; }
  /// A value in a file of its own.
  SideCarPlace Store(ByteSpan value);

 private:
  friend class SideCarPack;
  struct Begun {
    uint32_t blob_id = 0;
    std::unique_ptr<io::WritableFile> file;
  };
  Begun Begin();

  const BlobWriteOptions options_;
  uint32_t last_id_ = 0;
};

/// Values that share side-cars, each of `max_bytes` at most unless its only value is larger.
class SideCarPack {
 public:
  SideCarPack(SideCars* side_cars, uint64_t max_bytes) : side_cars_(side_cars), max_bytes_(max_bytes) {}

  SideCarPlace Store(ByteSpan value);
  /// Closes the file at hand.
  void Finish();

 private:
  SideCars* side_cars_;
  uint64_t max_bytes_;
  SideCars::Begun current_;
};

}  // namespace eider::file
