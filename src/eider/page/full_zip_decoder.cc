#include "eider/page/full_zip_decoder.h"

#include <bit>

#include "eider/page/full_zip_read.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::FullZipLayout;

uint32_t ControlBytes(uint32_t bits) { return bits == 0 ? 0 : bits <= 8 ? 1 : bits <= 16 ? 2 : 4; }

void CheckLevelBits(uint32_t bits, uint16_t largest, const char* what) {
  const auto needed = static_cast<uint32_t>(std::bit_width(unsigned{largest}));
  if (bits > needed) throw Corrupt("full-zip: {} bits of {} levels, the largest is {}", bits, what, largest);
}

}  // namespace

FullZipDecoder::FullZipDecoder(const FullZipLayout& layout, const PageSource& source, std::shared_ptr<const LeafSpec> leaf)
    : PageDecoder(source.num_rows), leaf_(std::move(leaf)),
      layers_(std::span<const int>(layout.layers().data(), layout.layers().size()), leaf_->layers), bits_def_(layout.bits_def()) {
  CheckLevelBits(layout.bits_rep(), layers_.max_rep(), "repetition");
  CheckLevelBits(layout.bits_def(), layers_.max_def(), "definition");
  control_bytes_ = ControlBytes(layout.bits_rep() + layout.bits_def());
  if (has_rep() && layout.bits_rep() == 0 && source.num_rows > 0) throw Corrupt("full-zip: lists without repetition levels");
  if (!layout.has_value_compression()) throw Corrupt("full-zip: no value encoding");
  OpenValues(layout);
  const bool wants_index = has_rep() || is_variable();
  if (source.buffers.size() != (wants_index ? 2u : 1u)) throw Corrupt("full-zip: {} buffers", source.buffers.size());
  stream_ = source.buffers[0];
  if (!has_rep() && layout.num_items() != source.num_rows) {
    throw Corrupt("full-zip: {} items for {} rows", layout.num_items(), source.num_rows);
  }
  if (!wants_index) {
    const uint64_t expected = CheckedMul(source.num_rows, stride(), "full-zip stream");
    if (stream_.length != expected) throw Corrupt("full-zip: {} bytes for {} rows of {}", stream_.length, source.num_rows, stride());
    return;
  }
  index_ = source.buffers[1];
  const uint64_t entries = CheckedAdd(source.num_rows, 1, "full-zip index");
  const uint64_t width = index_.length / entries;
  if (index_.length % entries != 0 || (width != 1 && width != 2 && width != 4 && width != 8)) {
    throw Corrupt("full-zip: index of {} bytes for {} rows", index_.length, source.num_rows);
  }
  index_bytes_ = static_cast<uint32_t>(width);
}

void FullZipDecoder::OpenValues(const FullZipLayout& layout) {
  // Releases before 8 write fixed-size lists that are null throughout in this way.
  if (layout.value_compression().has_constant() && !layout.value_compression().constant().has_value()) {
    if (!has_levels() || layout.bits_per_value() != 0 || layout.bits_per_offset() != 0) {
      throw Corrupt("full-zip: a page without values, but with items that are not null");
    }
    return;
  }
  codec::ValueShape shape = leaf_->is_dictionary() ? leaf_->dictionary_shape : leaf_->shape;
  bytes_to_bits_ = shape.bits_per_value == 1 && shape.dimensions.empty() && shape.kind == codec::ValueShape::Kind::kFixed;
  if (bytes_to_bits_) shape.bits_per_value = 8;
  values_ = codec::MakePerValueDecompressor(layout.value_compression(), shape);
  const bool variable = layout.details_case() == FullZipLayout::kBitsPerOffset;
  if (variable != (shape.kind != codec::ValueShape::Kind::kFixed)) {
    throw Corrupt("full-zip: {} in a page of {} width", codec::DescribeEncoding(layout.value_compression()), variable ? "variable" : "fixed");
  }
  if (variable) {
    length_bytes_ = layout.bits_per_offset() / 8;
    if (layout.bits_per_offset() != 32 && layout.bits_per_offset() != 64) {
      throw Corrupt("full-zip: lengths of {} bits", layout.bits_per_offset());
    }
  } else {
    value_bytes_ = CheckedAdd(values_->stored_bytes(), values_->validity_prefix_bytes(), "full-zip value");
    if (layout.bits_per_value() != value_bytes_ * 8) {
      throw Corrupt("full-zip: {} bits per value, {} needs {}", layout.bits_per_value(),
                    codec::DescribeEncoding(layout.value_compression()), value_bytes_ * 8);
    }
  }
}

ByteRange FullZipDecoder::StreamRange(uint64_t begin, uint64_t end) const { return {stream_.offset + begin, end - begin}; }

ByteRange FullZipDecoder::IndexRange(uint64_t first_row, uint64_t num_entries) const {
  return {index_.offset + first_row * index_bytes_, num_entries * index_bytes_};
}

uint64_t FullZipDecoder::Offset(ByteSpan index, uint64_t i) const {
  uint64_t offset = 0;
  std::memcpy(&offset, index.data() + i * index_bytes_, index_bytes_);
  if (offset > stream_.length) throw Corrupt("full-zip index: offset {} in a stream of {}", offset, stream_.length);
  return offset;
}

uint64_t FullZipDecoder::ParseControl(const uint8_t* p) const {
  switch (control_bytes_) {
    case 0: return 0;
    case 1: return *p;
    case 2: return LoadLe<uint16_t>(p);
    default: return LoadLe<uint32_t>(p);
  }
}

void FullZipDecoder::AppendFixed(ByteSpan bytes, uint64_t& at, codec::DecodedValues& out) const {
  if (bytes.size() - at < value_bytes_) throw Corrupt("full-zip: {} bytes left for a value of {}", bytes.size() - at, value_bytes_);
  if (bytes_to_bits_) {
    out.bits.AppendBit(bytes[at] != 0);
    ++out.num_values;
  } else if (values_->is_plain()) {
    std::memcpy(out.ExtendFixed(1), bytes.data() + at, value_bytes_);
    for (size_t layer = 0; layer < out.fsl_validity.size(); ++layer) out.AppendElementsValid(layer, 1);
  } else {
    values_->AppendValue(bytes.subspan(at, value_bytes_), out);
  }
  at += value_bytes_;
}

void FullZipDecoder::AppendVariable(ByteSpan bytes, uint64_t& at, codec::DecodedValues& out) const {
  if (bytes.size() - at < length_bytes_) throw Corrupt("full-zip: {} bytes left for a length of {}", bytes.size() - at, length_bytes_);
  const uint64_t length = length_bytes_ == 4 ? LoadLe<uint32_t>(bytes.data() + at) : LoadLe<uint64_t>(bytes.data() + at);
  at += length_bytes_;
  if (length > bytes.size() - at) throw Corrupt("full-zip: {} bytes left for a value of {}", bytes.size() - at, length);
  if (values_->is_plain()) {
    out.AppendVariable(bytes.subspan(at, length));
  } else {
    values_->AppendValue(bytes.subspan(at, length), out);
  }
  at += length;
}

void FullZipDecoder::AppendNullElements(codec::DecodedValues& out) const {
  const DataType& type = *leaf_->type;
  if (type.id != TypeId::kFixedSizeList || !type.children[0].nullable) {
    throw Corrupt("full-zip: an item that is not null in a page without values");
  }
  if (out.shape.dimensions.size() != 1) throw Unsupported("full-zip: {} of nulls in a page without values", TypeToString(type));
  const std::vector<uint8_t> none(BytesForBits(out.ElementsPerValue(0)), 0);
  out.AppendElementValidity(0, none.data(), 0, 1);
  out.is_bits() ? out.bits.AppendFill(out.shape.bits_per_value, false) : out.data.AppendFill(out.shape.bits_per_value / 8, 0);
  ++out.num_values;
}

namespace {

/// After so many bytes of a stretch it shows how much its values take.
constexpr uint64_t kFirstLook = 32 << 10;

/// Compressed values take more than their bytes: room for those of `all` bytes, when `parsed` of them gave what follows `begin`.
void ReserveRest(codec::DecodedValues& values, size_t begin, uint64_t parsed, uint64_t all) {
  const double times = codec::kRoomMargin * static_cast<double>(all) / static_cast<double>(parsed);
  values.data.Reserve(begin + codec::RoomFor(values.data.size() - begin, times));
}

}  // namespace

void FullZipDecoder::ParseItems(ByteSpan bytes, std::vector<uint16_t>& rep, std::vector<uint16_t>& def,
                                codec::DecodedValues& out) const {
  const uint64_t def_mask = (uint64_t{1} << bits_def_) - 1;
  const uint16_t visible = layers_.max_visible_def();
  const size_t begin = out.data.size();
  uint64_t at = 0, look = kFirstLook;
  while (at < bytes.size()) {
    if (at >= look) {
      look = 2 * at;
      ReserveRest(out, begin, at, bytes.size());
    }
    uint16_t d = 0;
    if (has_levels()) {
      if (bytes.size() - at < control_bytes_) throw Corrupt("full-zip: {} bytes left for levels of {}", bytes.size() - at, control_bytes_);
      const uint64_t control = ParseControl(bytes.data() + at);
      at += control_bytes_;
      d = static_cast<uint16_t>(control & def_mask);
      const uint64_t r = control >> bits_def_;
      if (r > layers_.max_rep() || d > layers_.max_def()) throw Corrupt("full-zip: levels (rep {}, def {}) out of range", r, d);
      if (has_rep()) rep.push_back(static_cast<uint16_t>(r));
      def.push_back(d);
    }
    if (d > visible) continue;
    if (!values_) {
      d == 0 ? AppendNullElements(out) : out.AppendEmpty(1);
      continue;
    }
    if (!is_variable()) {
      AppendFixed(bytes, at, out);
    } else if (d == 0) {
      AppendVariable(bytes, at, out);
    } else {
      out.AppendEmpty(1);
    }
  }
}

std::unique_ptr<PageRead> FullZipDecoder::Read(const RowSelection& selection) const { return MakeFullZipRead(*this, selection); }

}  // namespace eider::page
