#include "eider/file/side_cars.h"

#include "eider/base/error.h"

namespace eider::file {

SideCars::Begun SideCars::Begin() {
  if (last_id_ == UINT32_MAX) throw Invalid("a data file has {} side-cars at most", UINT32_MAX);
  const uint32_t id = ++last_id_;
  return {id, options_.create_side_car(id)};
}

SideCarPlace SideCars::Store(ByteSpan value) {
  const Begun begun = Begin();
  begun.file->Append(value);
  begun.file->Close(options_.sync);
  return {begun.blob_id, 0};
}

SideCarPlace SideCarPack::Store(ByteSpan value) {
  const uint64_t used = current_.file ? current_.file->size() : 0;
  if (used > 0 && (used > max_bytes_ || value.size() > max_bytes_ - used)) Finish();
  if (!current_.file) current_ = side_cars_->Begin();
  const SideCarPlace place{current_.blob_id, current_.file->size()};
  current_.file->Append(value);
  return place;
}

void SideCarPack::Finish() {
  if (!current_.file) return;
  current_.file->Close(side_cars_->options().sync);
  current_ = {};
}

}  // namespace eider::file
