#include "eider/file/blob_sums.h"

#include <algorithm>
#include <tuple>

#include "eider/base/crc32c.h"
#include "eider/file/checksums.h"
#include "eider/file/varint_cursor.h"

namespace eider::file {
namespace {

constexpr char kMagic[] = "EIDERBLB";
constexpr uint64_t kBlobSumsHeaderBytes = 20, kEntryBytes = 28;
constexpr uint64_t kSummedHeaderBytes = 16;
/// A group is read from its start to a value.
constexpr uint32_t kGroupValues = 64;
constexpr uint64_t kGroupBytes = 1024;

}  // namespace

void BlobSumWriter::Add(uint32_t side_car, uint64_t position, ByteSpan value) {
  Group& group = open_[side_car];
  if (group.values == 0) group.position = group.end = position;
  AppendVarint(group.bytes, position - group.end);
  AppendVarint(group.bytes, value.size());
  for (uint64_t at = 0; at < value.size(); at += kSumBlockBytes, ++group.units) {
    group.bytes.AppendValue<uint32_t>(Crc32c(value.subspan(at, std::min<uint64_t>(kSumBlockBytes, value.size() - at))));
  }
  group.end = position + value.size();
  if (++group.values < kGroupValues && group.bytes.size() < kGroupBytes) return;
  Close(side_car, group);
  open_.erase(side_car);
}

void BlobSumWriter::Close(uint32_t file, const Group& group) {
  const ByteSpan bytes = group.bytes.span();
  index_.push_back({.file = file,
                    .first_unit = uint32_t(num_units_),
                    .position = group.position,
                    .begin = groups_.size(),
                    .length = uint32_t(bytes.size()),
                    .sum = Crc32c(bytes)});
  groups_.Append(bytes);
  num_units_ += group.units;
}

BufferBuilder BlobSumWriter::Serialize() {
  for (const auto& [file, group] : open_) Close(file, group);
  open_.clear();
  std::sort(index_.begin(), index_.end(), [](const Entry& a, const Entry& b) { return std::tie(a.file, a.position) < std::tie(b.file, b.position); });
  const uint64_t first_group = kBlobSumsHeaderBytes + kEntryBytes * index_.size(), total = first_group + groups_.size();
  if (total > UINT32_MAX) throw Unsupported("checksums of blobs of {} bytes: write more than one file, or none", total);
  BufferBuilder index(first_group);
  for (const Entry& entry : index_) {
    for (const uint32_t n : {entry.file, entry.first_unit}) index.AppendValue<uint32_t>(n);
    index.AppendValue<uint64_t>(entry.position);
    for (const uint32_t n : {uint32_t(first_group + entry.begin), entry.length, entry.sum}) index.AppendValue<uint32_t>(n);
  }
  BufferBuilder out(total);
  out.Append(kMagic, 8);
  out.AppendValue<uint32_t>(uint32_t(index_.size()));
  out.AppendValue<uint32_t>(uint32_t(num_units_));
  out.AppendValue<uint32_t>(Crc32c(index.span(), Crc32c(out.span())));
  out.Append(index.span());
  out.Append(groups_.span());
  return out;
}

/// The buffer, its header and index checked; and which units are known to be right.
class BlobSums::Table {
 public:
  explicit Table(Buffer bytes) : bytes_(std::move(bytes)) {
    const ByteSpan all = bytes_.span();
    if (all.size() < kBlobSumsHeaderBytes || std::memcmp(all.data(), kMagic, 8) != 0) throw Corrupt("checksums of blobs: {} bytes without their header", all.size());
    num_groups_ = LoadLe<uint32_t>(all.data() + 8);
    num_units_ = LoadLe<uint32_t>(all.data() + 12);
    const ByteSpan index = CheckedSubspan(all, kBlobSumsHeaderBytes, kEntryBytes * num_groups_, "checksums of blobs");
    const uint32_t sum = Crc32c(index, Crc32c(all.first(kSummedHeaderBytes))), stored = LoadLe<uint32_t>(all.data() + kSummedHeaderBytes);
    if (sum != stored) throw Corrupt("checksums of blobs: index has checksum {:08x}, stored is {:08x}", sum, stored);
    if (num_units_ > all.size() / 4) throw Corrupt("checksums of blobs: {} units in {} bytes", num_units_, all.size());
    verified_ = std::make_unique<std::atomic<uint64_t>[]>(CeilDiv(num_units_, 64));
  }

  /// The units of one value.
  struct Units {
    uint64_t first = 0;
    ByteSpan sums;
  };
  Units Find(uint32_t file, ByteRange blob) const {
    const Group group = FindGroup(file, blob);
    VarintCursor cursor(group.bytes);
    uint64_t end = group.position, unit = group.first_unit;
    while (!cursor.done()) {
      const uint64_t position = CheckedAdd(end, cursor.Varint(), "checksums of blobs"), length = cursor.Varint();
      const uint64_t units = CeilDiv(length, kSumBlockBytes);
      const ByteSpan sums = cursor.Take(CheckedMul(units, 4, "checksums of blobs"));
      if (units > num_units_ - std::min(unit, num_units_)) throw Corrupt("checksums of blobs: unit {} of {}", unit + units, num_units_);
      if (position == blob.offset && length == blob.length) return {unit, sums};
      unit += units;
      end = CheckedAdd(position, length, "checksums of blobs");
    }
    throw NotListed(blob);
  }
  /// Calls `value(file, range, sums)` for each value.
  void Visit(const std::function<void(uint32_t, ByteRange, ByteSpan)>& value) const {
    for (uint64_t i = 0; i < num_groups_; ++i) {
      const Group group = GroupAt(i);
      VarintCursor cursor(group.bytes);
      for (uint64_t end = group.position; !cursor.done();) {
        const uint64_t position = CheckedAdd(end, cursor.Varint(), "checksums of blobs"), length = cursor.Varint();
        value(LoadLe<uint32_t>(EntryAt(i)), {position, length}, cursor.Take(CheckedMul(CeilDiv(length, kSumBlockBytes), 4, "checksums of blobs")));
        end = CheckedAdd(position, length, "checksums of blobs");
      }
    }
  }
  bool IsVerified(uint64_t unit) const { return verified_[unit / 64].load(std::memory_order_relaxed) >> (unit % 64) & 1; }
  void SetVerified(uint64_t unit) const { verified_[unit / 64].fetch_or(uint64_t{1} << (unit % 64), std::memory_order_relaxed); }

 private:
  struct Group {
    uint64_t position = 0, first_unit = 0;
    ByteSpan bytes;
  };
  static Error NotListed(ByteRange blob) {
    return Corrupt("blob of bytes [{}, +{}): the file has no checksum of such a value", blob.offset, blob.length);
  }
  const uint8_t* EntryAt(uint64_t i) const { return bytes_.data() + kBlobSumsHeaderBytes + kEntryBytes * i; }

  /// The last group that begins at or before `blob`.
  Group FindGroup(uint32_t file, ByteRange blob) const {
    uint64_t low = 0, high = num_groups_;
    while (low < high) {
      const uint64_t middle = (low + high) / 2;
      const uint8_t* entry = EntryAt(middle);
      const bool before = std::pair(LoadLe<uint32_t>(entry), LoadLe<uint64_t>(entry + 8)) <= std::pair(file, blob.offset);
      (before ? low : high) = before ? middle + 1 : middle;
    }
    if (low == 0 || LoadLe<uint32_t>(EntryAt(low - 1)) != file) throw NotListed(blob);
    return GroupAt(low - 1);
  }
  Group GroupAt(uint64_t i) const {
    const uint8_t* entry = EntryAt(i);
    const ByteSpan bytes = CheckedSubspan(bytes_.span(), LoadLe<uint32_t>(entry + 16), LoadLe<uint32_t>(entry + 20), "checksums of blobs");
    const uint32_t sum = Crc32c(bytes), stored = LoadLe<uint32_t>(entry + 24);
    if (sum != stored) throw Corrupt("checksums of blobs: group {} has checksum {:08x}, stored is {:08x}", i, sum, stored);
    return {LoadLe<uint64_t>(entry + 8), LoadLe<uint32_t>(entry + 4), bytes};
  }

  const Buffer bytes_;
  uint64_t num_groups_ = 0, num_units_ = 0;
  std::unique_ptr<std::atomic<uint64_t>[]> verified_;  ///< one bit per unit
};

void BlobSums::CheckAll(const std::function<io::ReadableFilePtr(uint32_t)>& open_side_car,
                        const std::function<void(uint64_t, const std::function<void()>&)>& each) const {
  std::map<uint32_t, io::ReadableFilePtr> files{{0, file_}};
  Load(nullptr).Visit([&](uint32_t file, ByteRange blob, ByteSpan sums) {
    each(blob.length, [&] {
      io::ReadableFilePtr& opened = files[file];
      if (!opened) opened = open_side_car(file);
      opened->CheckNotCut();
      for (uint64_t at = 0; at < blob.length; at += kSumBlockBytes) {
        const Buffer bytes = opened->Read({CheckedAdd(blob.offset, at, "blob"), std::min(kSumBlockBytes, blob.length - at)});
        const uint32_t sum = Crc32c(bytes.span()), stored = LoadLe<uint32_t>(sums.data() + 4 * (at / kSumBlockBytes));
        if (sum == stored) continue;
        throw Corrupt("'{}': blob of bytes [{}, +{}): block {}: checksum {:08x}, stored is {:08x}", opened->path(), blob.offset, blob.length,
                      at / kSumBlockBytes, sum, stored);
      }
    });
  });
}

BlobSums::~BlobSums() { delete table_.load(std::memory_order_relaxed); }

const BlobSums::Table& BlobSums::Load(ScanStats* stats) const {
  if (const Table* table = table_.load(std::memory_order_acquire)) return *table;
  file_->CheckNotCut();
  if (!file_->Mapped().present()) io::CountRequests({&range_, 1}, stats);
  auto made = std::make_unique<const Table>(file_->Read(range_));
  const Table* expected = nullptr;
  if (table_.compare_exchange_strong(expected, made.get(), std::memory_order_acq_rel)) return *made.release();
  return *expected;
}

void BlobSums::Check(const BlobRead& read, ScanStats* stats) const {
  const uint64_t end = read.offset + read.bytes.size();
  const uint64_t first = CeilDiv(read.offset, kSumBlockBytes);
  const uint64_t last = end == read.blob.length ? CeilDiv(end, kSumBlockBytes) : end / kSumBlockBytes;
  if (first >= last) return;
  const Table& table = Load(stats);
  file_->CheckNotCut();
  const Table::Units units = table.Find(read.side_car, read.blob);
  for (uint64_t block = first; block < last; ++block) {
    if (read.is_mapped && table.IsVerified(units.first + block)) continue;
    const uint64_t at = block * kSumBlockBytes;
    const uint32_t sum = Crc32c(read.bytes.subspan(at - read.offset, std::min(kSumBlockBytes, read.blob.length - at)));
    const uint32_t stored = LoadLe<uint32_t>(units.sums.data() + 4 * block);
    if (sum != stored) {
      throw Corrupt("blob of bytes [{}, +{}): block {}: checksum {:08x}, stored is {:08x}", read.blob.offset, read.blob.length, block, sum, stored);
    }
    if (read.is_mapped) table.SetVerified(units.first + block);
  }
}

}  // namespace eider::file
