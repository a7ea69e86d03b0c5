#include "eider/rows/portable_roaring.h"

#include <roaring/roaring.h>

#include <memory>

namespace eider::rows {
namespace {

constexpr uint32_t kCookieNoRuns = 12346;
constexpr uint32_t kCookieRuns = 12347;
constexpr uint32_t kMaxArray = 4096;
constexpr uint32_t kOffsetsFrom = 4;
constexpr uint64_t kBitmapBytes = 8192;

class Reader {
 public:
  Reader(ByteSpan bytes, const std::function<void(uint32_t, uint32_t)>& run) : bytes_(bytes), run_(run) {}

  void Read() {
    ReadHeader();
    int64_t last_high = -1;
    for (uint32_t i = 0; i < num_containers_; ++i) {
      const uint8_t* entry = header_.data() + 4 * uint64_t{i};
      const uint32_t high = LoadLe<uint16_t>(entry);
      const uint32_t cardinality = LoadLe<uint16_t>(entry + 2) + 1u;
      if (high <= last_high) throw Corrupt("roaring: container {} has high bits {} after {}", i, high, last_high);
      last_high = high;
      ReadContainer(i, high << 16, cardinality);
    }
  }

 private:
  ByteSpan Take(uint64_t n, const char* what) {
    const ByteSpan taken = CheckedSubspan(bytes_, at_, n, what);
    at_ += n;
    return taken;
  }

  void ReadHeader() {
    const uint32_t cookie = LoadLe<uint32_t>(Take(4, "roaring cookie").data());
    if ((cookie & 0xffff) == kCookieRuns) {
      num_containers_ = (cookie >> 16) + 1;
      run_flags_ = Take(BytesForBits(num_containers_), "roaring run flags");
    } else if (cookie == kCookieNoRuns) {
      num_containers_ = LoadLe<uint32_t>(Take(4, "roaring size").data());
      if (num_containers_ > 65536) throw Corrupt("roaring: {} containers", num_containers_);
    } else {
      throw Corrupt("roaring: cookie {:#x}", cookie);
    }
    header_ = Take(4 * uint64_t{num_containers_}, "roaring header");
    if (run_flags_.empty() || num_containers_ >= kOffsetsFrom) Take(4 * uint64_t{num_containers_}, "roaring offsets");
  }

  void ReadContainer(uint32_t i, uint32_t base, uint32_t cardinality) {
    uint64_t found = 0;
    if (!run_flags_.empty() && GetBit(run_flags_.data(), i)) {
      found = ReadRuns(base);
    } else if (cardinality <= kMaxArray) {
      found = ReadArray(base, cardinality);
    } else {
      found = ReadBitmap(base);
    }
    if (found != cardinality) throw Corrupt("roaring: container {} holds {} values, its header says {}", i, found, cardinality);
  }

  uint64_t ReadRuns(uint32_t base) {
    const uint32_t count = LoadLe<uint16_t>(Take(2, "roaring run count").data());
    const ByteSpan runs = Take(4 * uint64_t{count}, "roaring runs");
    uint64_t found = 0;
    uint32_t next = 0;  // lowest value that a run may start with
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t start = LoadLe<uint16_t>(runs.data() + 4 * k);
      const uint32_t length = LoadLe<uint16_t>(runs.data() + 4 * k + 2) + 1u;
      if (start < next || start + length > 65536) throw Corrupt("roaring: run {} of {} values at {}", k, length, start);
      run_(base + start, length);
      found += length;
      next = start + length;
    }
    return found;
  }

  uint64_t ReadArray(uint32_t base, uint32_t count) {
    const ByteSpan values = Take(2 * uint64_t{count}, "roaring array");
    int64_t last = -1;
    for (uint32_t k = 0; k < count; ++k) {
      const uint32_t value = LoadLe<uint16_t>(values.data() + 2 * k);
      if (value <= last) throw Corrupt("roaring: value {} after {}", value, last);
      last = value;
      run_(base + value, 1);
    }
    return count;
  }

  uint64_t ReadBitmap(uint32_t base) {
    const ByteSpan words = Take(kBitmapBytes, "roaring bitmap");
    uint64_t found = 0;
    for (uint32_t w = 0; w < kBitmapBytes / 8; ++w) {
      for (uint64_t word = LoadLe<uint64_t>(words.data() + 8 * w); word != 0; word &= word - 1) {
        run_(base + 64 * w + static_cast<uint32_t>(std::countr_zero(word)), 1);
        ++found;
      }
    }
    return found;
  }

  ByteSpan bytes_;
  const std::function<void(uint32_t, uint32_t)>& run_;
  uint64_t at_ = 0;
  uint32_t num_containers_ = 0;
  ByteSpan run_flags_;
  ByteSpan header_;
};

}  // namespace

void VisitPortableRoaring(ByteSpan bytes, const std::function<void(uint32_t, uint32_t)>& run) { Reader(bytes, run).Read(); }

std::string ToPortableRoaring(std::span<const uint32_t> bits) {
  const std::unique_ptr<roaring_bitmap_t, void (*)(roaring_bitmap_t*)> bitmap(
      roaring_bitmap_of_ptr(bits.size(), bits.data()), [](roaring_bitmap_t* b) { roaring_bitmap_free(b); });
  roaring_bitmap_run_optimize(bitmap.get());
  std::string bytes(roaring_bitmap_portable_size_in_bytes(bitmap.get()), '\0');
  roaring_bitmap_portable_serialize(bitmap.get(), bytes.data());
  return bytes;
}

}  // namespace eider::rows
