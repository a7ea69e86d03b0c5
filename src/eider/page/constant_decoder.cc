#include "eider/page/constant_decoder.h"

#include <algorithm>

#include "eider/page/dictionary.h"
#include "eider/page/unravel.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::ConstantLayout;

uint64_t SlotBits(const codec::ValueShape& shape) {
  uint64_t bits = shape.kind == codec::ValueShape::Kind::kVariable ? 8u * shape.offset_bytes : shape.bits_per_value + 1;
  for (const codec::ValueShape& field : shape.fields) bits = CheckedAdd(bits, SlotBits(field), "constant");
  return bits;
}

// The rows asked for may be more than any memory holds, and their bytes more than a u64 counts.
void CheckExpansion(const codec::ValueShape& shape, uint64_t n) {
  constexpr uint64_t kMaxBytes = uint64_t{1} << 40;
  const uint64_t bits = SlotBits(shape);
  if (n > kMaxBytes || BytesForBits(CheckedMul(n, bits, "constant")) > kMaxBytes) {
    throw Invalid("{} rows of a constant page in one read: read fewer at a time", n);
  }
}

void AppendCopies(const codec::DecodedValues& value, uint64_t n, codec::DecodedValues& out) {
  const codec::ValueShape& shape = out.shape;
  if (shape.kind == codec::ValueShape::Kind::kVariable) {
    out.CheckOffset(CheckedAdd(out.data.size(), CheckedMul(n, value.data.size(), "constant"), "constant"));
    for (uint64_t i = 0; i < n; ++i) out.AppendVariable(value.data.span());
  } else if (shape.bits_per_value == 1) {
    out.bits.AppendFill(n, GetBit(value.data.data(), 0));
    out.num_values += n;
  } else {
    const uint64_t width = shape.bits_per_value / 8;
    uint8_t* to = out.ExtendFixed(n);
    for (uint64_t i = 0; i < n && width > 0; ++i) std::memcpy(to + i * width, value.data.data(), width);
  }
}

class ConstantRead final : public PageRead {
 public:
  ConstantRead(const ConstantDecoder& page, const RowSelection& selection) : page_(page), selection_(selection) {}

  void Want(std::vector<ByteRange>& wants) override {
    if (page_.state() == nullptr) wants.insert(wants.end(), page_.buffers().begin(), page_.buffers().end());
  }
  void Feed(std::span<const ByteSpan> bytes) override { page_.LoadState(bytes); }
  void Decode(LeafOutput& out) override {
    if (selection_.count == 0) return;
    if (page_.state() == nullptr) page_.LoadState({});
    const uint64_t first_item = out.layers[0].length;
    PlainValues target(out);
    CheckExpansion(target.values().shape, selection_.count);
    AppendLevels(out);
    const uint64_t items = out.layers[0].length - first_item;
    CheckExpansion(target.values().shape, items);
    if (page_.state()->value) {
      AppendCopies(*page_.state()->value, items, target.values());
    } else {
      target.values().AppendEmpty(items);
    }
    target.Finish();
  }

 private:
  void AppendLevels(LeafOutput& out) {
    const ConstantState& state = *page_.state();
    if (!state.rows.empty()) return AppendLists(out);
    if (!state.def.empty()) {
      if (selection_.is_range()) {
        return UnravelItems(page_.layers(), std::span(state.def).subspan(selection_.first, selection_.count), out);
      }
      for (uint64_t i = 0; i < selection_.count; ++i) def_.push_back(state.def[selection_.Row(i)]);
      return UnravelItems(page_.layers(), def_, out);
    }
    if (state.value) return UnravelAllValid(page_.layers(), selection_.count, out);
    constexpr uint64_t kRun = 4096;
    def_.assign(std::min(kRun, selection_.count), page_.layers().layers()[0].null_level);
    for (uint64_t left = selection_.count; left > 0; left -= std::min(left, kRun)) {
      UnravelItems(page_.layers(), std::span(def_).first(std::min(left, kRun)), out);
    }
  }
  void AppendLists(LeafOutput& out) {
    const ConstantState& state = *page_.state();
    const std::span<const uint16_t> rep = state.rep, def = state.def;
    const auto append = [&](uint64_t first, uint64_t count) {
      const uint64_t begin = state.rows[first], n = state.rows[first + count] - begin;
      UnravelLists(page_.layers(), rep.subspan(begin, n), def.empty() ? def : def.subspan(begin, n), out);
    };
    if (selection_.is_range()) return append(selection_.first, selection_.count);
    for (uint64_t i = 0; i < selection_.count; ++i) append(selection_.Row(i), 1);
  }

  const ConstantDecoder& page_;
  const RowSelection selection_;
  std::vector<uint16_t> def_;
};

}  // namespace

ConstantDecoder::ConstantDecoder(const ConstantLayout& layout, const PageSource& source, std::shared_ptr<const LeafSpec> leaf)
    : PageDecoder(source.num_rows), leaf_(std::move(leaf)),
      layers_(std::span<const int>(layout.layers().data(), layout.layers().size()), leaf_->layers), buffers_(source.buffers),
      inline_value_(layout.inline_value()), has_inline_(layout.has_inline_value()), num_rep_(layout.num_rep_values()),
      num_def_(layout.num_def_values()) {
  const bool scalar = buffers_.size() % 2 == 1;
  if (source.version_minor < 2 && (has_inline_ || scalar)) throw Corrupt("constant: a value in a file of version 2.{}", source.version_minor);
  if (buffers_.size() > 3 || (scalar && has_inline_)) {
    throw Corrupt("constant: {} buffers{}", buffers_.size(), has_inline_ ? " and an inline value" : "");
  }
  const bool has_levels = buffers_.size() >= 2;
  if (!has_levels && layers_.num_lists() > 0 && source.num_rows > 0) throw Corrupt("constant: lists without levels");
  if (!has_levels && !scalar && !has_inline_ && layers_.layers()[0].null_level == 0 && leaf_->type->id != TypeId::kNull) {
    throw Corrupt("constant: all items are null, but the layer says that none may be");
  }
  if (layout.has_rep_compression()) rep_ = codec::MakeLevelDecompressor(layout.rep_compression());
  if (layout.has_def_compression()) def_ = codec::MakeLevelDecompressor(layout.def_compression());
}

ConstantDecoder::~ConstantDecoder() { delete state_.load(); }

uint64_t ConstantDecoder::state_bytes() const {
  uint64_t stored = 0;
  for (const ByteRange& buffer : buffers_) stored += buffer.length;
  return 2 * stored + 8 * (layers_.num_lists() > 0 ? num_rows() : 0);
}

std::vector<uint16_t> ConstantDecoder::DecodeLevels(ByteSpan bytes, const codec::LevelDecompressor* decompressor,
                                                    uint64_t count) const {
  std::vector<uint16_t> levels;
  if (decompressor == nullptr) {
    if (bytes.size() % 2 != 0) throw Corrupt("constant: levels of {} bytes", bytes.size());
    levels.resize(bytes.size() / 2);
    if (!bytes.empty()) std::memcpy(levels.data(), bytes.data(), bytes.size());
    return levels;
  }
  // The densest level codec is a run length: 255 levels in three bytes; bit-packed levels of width 0 need no bytes at all, but
  // then there is nothing to say and nobody writes them.
  if (count > CheckedMul(bytes.size(), 1024, "constant levels")) throw Corrupt("constant: {} levels in {} bytes", count, bytes.size());
  levels.resize(count);
  decompressor->Decode(bytes, levels);
  return levels;
}

void ConstantDecoder::CheckLevels(ConstantState& state) const {
  if (layers_.num_lists() == 0) {
    if (!state.rep.empty()) throw Corrupt("constant: {} repetition levels without lists", state.rep.size());
    if (!state.def.empty() && state.def.size() != num_rows()) {
      throw Corrupt("constant: {} definition levels for {} rows", state.def.size(), num_rows());
    }
  } else {
    if (!state.def.empty() && state.def.size() != state.rep.size()) {
      throw Corrupt("constant: {} repetition and {} definition levels", state.rep.size(), state.def.size());
    }
    for (uint64_t i = 0; i < state.rep.size(); ++i) {
      if (state.rep[i] == layers_.max_rep()) state.rows.push_back(i);
    }
    if (state.rows.size() != num_rows() || (!state.rep.empty() && state.rep[0] != layers_.max_rep())) {
      throw Corrupt("constant: levels start {} rows, the page has {}", state.rows.size(), num_rows());
    }
    state.rows.push_back(state.rep.size());
  }
  if (state.value || leaf_->type->id == TypeId::kNull) return;
  if (state.def.empty() && !state.rep.empty()) throw Corrupt("constant: no value and no definition levels");
  for (const uint16_t d : state.def) {
    if (d == 0) throw Corrupt("constant: an item is valid, but the page has no value");
  }
}

std::unique_ptr<codec::DecodedValues> ConstantDecoder::ParseInline(ByteSpan bytes) const {
  auto value = std::make_unique<codec::DecodedValues>(shape());
  const uint64_t bits = shape().bits_per_value;
  if (shape().kind != codec::ValueShape::Kind::kFixed || !shape().dimensions.empty() || (bits % 8 != 0 && bits != 1)) {
    throw Corrupt("constant: an inline value for {}", TypeToString(*leaf_->type));
  }
  if (bytes.size() != BytesForBits(bits)) throw Corrupt("constant: value of {} bytes, {} has {}", bytes.size(), TypeToString(*leaf_->type), BytesForBits(bits));
  value->data.Append(bytes);
  return value;
}

std::unique_ptr<codec::DecodedValues> ConstantDecoder::ParseScalar(ByteSpan bytes) const {
  const uint32_t num_buffers = ReadLe<uint32_t>(bytes, 0, "constant scalar");
  const bool variable = shape().kind == codec::ValueShape::Kind::kVariable;
  if (num_buffers != (variable ? 2u : 1u)) throw Corrupt("constant: scalar of {} buffers for {}", num_buffers, TypeToString(*leaf_->type));
  const uint64_t first_size = ReadLe<uint32_t>(bytes, 4, "constant scalar");
  const uint64_t header = 4 + 4 * uint64_t{num_buffers};
  const ByteSpan first = CheckedSubspan(bytes, header, first_size, "constant scalar");
  if (!variable) return ParseInline(first);
  const ByteSpan data = CheckedSubspan(bytes, header + first_size, ReadLe<uint32_t>(bytes, 8, "constant scalar"), "constant scalar");
  const uint8_t width = shape().offset_bytes;
  if (first.size() != 2u * width) throw Corrupt("constant: offsets of {} bytes", first.size());
  const auto offset = [&](size_t i) {
    return width == 4 ? LoadLe<uint32_t>(first.data() + 4 * i) : LoadLe<uint64_t>(first.data() + 8 * i);
  };
  if (offset(0) > offset(1)) throw Corrupt("constant: offsets {} and {}", offset(0), offset(1));
  auto value = std::make_unique<codec::DecodedValues>(shape());
  value->AppendVariable(CheckedSubspan(data, offset(0), offset(1) - offset(0), "constant value"));
  return value;
}

void ConstantDecoder::LoadState(std::span<const ByteSpan> bytes) const {
  if (state() != nullptr) return;
  auto loaded = std::make_unique<ConstantState>();
  if (bytes.size() >= 2) {
    loaded->rep = DecodeLevels(bytes[bytes.size() - 2], rep_.get(), num_rep_);
    loaded->def = DecodeLevels(bytes[bytes.size() - 1], def_.get(), num_def_);
  }
  if (has_inline_) {
    loaded->value = ParseInline(SpanOf(inline_value_));
  } else if (bytes.size() % 2 == 1) {
    loaded->value = ParseScalar(bytes[0]);
  }
  CheckLevels(*loaded);
  const ConstantState* expected = nullptr;
  if (state_.compare_exchange_strong(expected, loaded.get(), std::memory_order_acq_rel)) loaded.release();
}

std::unique_ptr<PageRead> ConstantDecoder::Read(const RowSelection& selection) const {
  return std::make_unique<ConstantRead>(*this, selection);
}

}  // namespace eider::page
