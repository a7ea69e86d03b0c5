#include "eider/dataset/file_blob.h"

#include "eider/base/error.h"

namespace eider {
namespace {

class FileBlob final : public Blob {
 public:
  explicit FileBlob(query::BlobPlace place) : place_(std::move(place)) {}

  uint64_t size() const override { return place_.range.length; }
  const std::string& path() const override { return place_.file->path(); }
  uint64_t offset() const override { return place_.range.offset; }
  Buffer Read(uint64_t offset, uint64_t length, ScanStats* stats) const override {
    if (offset > size() || length > size() - offset) throw Invalid("blob: bytes [{}, +{}) of {}", offset, length, size());
    return query::ReadBlobPart(place_, offset, length, stats);
  }

 private:
  const query::BlobPlace place_;
};

}  // namespace

BlobPtr MakeBlob(query::BlobPlace place) {
  if (!place.file) return nullptr;
  return std::make_shared<const FileBlob>(std::move(place));
}

}  // namespace eider
