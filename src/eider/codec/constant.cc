#include "eider/codec/constant.h"

#include <fmt/format.h>

namespace eider::codec {
namespace {

class ConstantLevel final : public LevelDecompressor {
 public:
  explicit ConstantLevel(uint16_t value) : value_(value) {}
  void Decode(ByteSpan block, std::span<uint16_t> out) const override {
    CheckEmpty(block);
    std::fill(out.begin(), out.end(), value_);
  }
  uint16_t At(ByteSpan block, uint64_t, uint64_t) const override {
    CheckEmpty(block);
    return value_;
  }

 private:
  static void CheckEmpty(ByteSpan block) {
    if (!block.empty()) throw Corrupt("constant: {} bytes of levels, there are none to store", block.size());
  }
  const uint16_t value_;
};

}  // namespace

std::unique_ptr<LevelDecompressor> MakeConstantLevel(const CompressiveEncoding& encoding, int) {
  const std::string& value = encoding.constant().value();
  if (!encoding.constant().has_value() || value.size() != 2) {
    throw Corrupt("constant: a level of {} bytes, it has 2", value.size());
  }
  return std::make_unique<ConstantLevel>(LoadLe<uint16_t>(reinterpret_cast<const uint8_t*>(value.data())));
}
std::string DescribeConstant(const CompressiveEncoding& encoding, int) {
  return fmt::format("<{} bytes>", encoding.constant().value().size());
}

}  // namespace eider::codec
