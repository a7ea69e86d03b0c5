#include "eider/query/sorted_run.h"

#include <algorithm>
#include <cstring>

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/task_pool.h"

namespace eider::query {
namespace {

constexpr uint64_t kRecordsPerCheck = 1 << 16;

class BlockRun final : public SortedRun {
 public:
  explicit BlockRun(SortedBlock block) : block_(std::move(block)) {}
  bool Next(SortRecord& record) override {
    if (next_ == block_.size()) return false;
    record = block_[next_++];
    return true;
  }
  uint64_t memory_bytes() const override { return block_.memory_bytes(); }

 private:
  SortedBlock block_;
  size_t next_ = 0;
};

class FileRun final : public SortedRun {
 public:
  FileRun(std::shared_ptr<const io::TemporaryFile> file, size_t buffer_bytes) : file_(std::move(file)), buffer_bytes_(buffer_bytes) {}

  bool Next(SortRecord& record) override {
    if (begin_ == buffer_.size() && read_ == file_->size()) return false;
    Need(SortRecord::kHeaderBytes);
    const size_t bytes = StoredRecordBytes(buffer_.data() + begin_);
    Need(bytes);
    record = ReadRecord(buffer_.data() + begin_);
    begin_ += bytes;
    return true;
  }
  uint64_t memory_bytes() const override { return std::max(buffer_bytes_, buffer_.capacity()); }

 private:
  // Makes the next `bytes` lie together in the buffer.
  void Need(size_t bytes) {
    const size_t left = buffer_.size() - begin_;
    if (left >= bytes) return;
    if (left > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, left);
    begin_ = 0;
    const uint64_t more = std::min<uint64_t>(std::max(bytes, buffer_bytes_) - left, file_->size() - read_);
    buffer_.Resize(left + more);
    file_->Read(read_, {buffer_.data() + left, static_cast<size_t>(more)});
    read_ += more;
  }

  const std::shared_ptr<const io::TemporaryFile> file_;
  const size_t buffer_bytes_;
  BufferBuilder buffer_;
  size_t begin_ = 0;
  uint64_t read_ = 0;
};

}  // namespace

SortedRunPtr RunOfBlock(SortedBlock block) { return std::make_unique<BlockRun>(std::move(block)); }

SortedRunPtr RunOfFile(std::shared_ptr<const io::TemporaryFile> file, size_t buffer_bytes) {
  return std::make_unique<FileRun>(std::move(file), buffer_bytes);
}

std::shared_ptr<const io::TemporaryFile> WriteRun(SortedRun& run, uint64_t most, size_t buffer_bytes, SortBoundPtr* last) {
  auto file = std::make_shared<io::TemporaryFile>(io::SpillFolder());
  BufferBuilder buffer(buffer_bytes);
  SortRecord record;
  for (uint64_t i = 0; i < most && run.Next(record); ++i) {
    if (i % kRecordsPerCheck == 0) CheckInterrupt();
    if (buffer.size() > 0 && buffer.size() + record.StoredBytes() > buffer_bytes) {
      file->Append(buffer.span());
      buffer.Clear();
    }
    AppendRecord(record, buffer);
    if (i + 1 == most) *last = std::make_shared<const SortBound>(record);
  }
  file->Append(buffer.span());
  return file;
}

MergedRun::MergedRun(std::vector<SortedRunPtr> runs) : runs_(std::move(runs)), heads_(runs_.size()), losers_(runs_.size()) {}

bool MergedRun::IsBefore(size_t a, size_t b) const {
  if (heads_[a].done || heads_[b].done) return !heads_[a].done;
  return heads_[a].record < heads_[b].record;
}

// Plays from the leaf of `run` to the root. While the tree is built, the first to come to a node waits there.
void MergedRun::Replay(size_t run) {
  size_t winner = run;
  for (size_t node = (runs_.size() + run) / 2; node > 0; node /= 2) {
    if (losers_[node] == SIZE_MAX) {
      losers_[node] = winner;
      return;
    }
    if (IsBefore(losers_[node], winner)) std::swap(losers_[node], winner);
  }
  losers_[0] = winner;
}

bool MergedRun::Next(SortRecord& record) {
  if (runs_.empty()) return false;
  if (!begun_) {
    begun_ = true;
    std::ranges::fill(losers_, SIZE_MAX);
    for (size_t run = 0; run < runs_.size(); ++run) Advance(run);
    for (size_t run = 0; run < runs_.size(); ++run) Replay(run);
  } else {
    Advance(losers_[0]);
    Replay(losers_[0]);
  }
  record = heads_[losers_[0]].record;
  return !heads_[losers_[0]].done;
}

uint64_t MergedRun::memory_bytes() const {
  uint64_t bytes = 0;
  for (const SortedRunPtr& run : runs_) bytes += run->memory_bytes();
  return bytes;
}

}  // namespace eider::query
