#include "eider/page/planar_layout.h"

#include "eider/base/bytes.h"
#include "eider/base/error.h"
#include "eider/base/parse_message.h"
#include "eider/base/wire.h"
#include "eider/codec/codec.h"
#include "eider/proto/encodings21.pb.h"
#include "eider/proto/encodings23.pb.h"

namespace eider::page {
namespace {

namespace known = ::lance::encodings21;
namespace planar = ::lance::encodings23;
using known::CompressiveEncoding;

constexpr const char* kVersion = "file version 2.3";

/// Fields beyond the `last` that we know may change what the others mean.
template <typename Message>
const Message& Known(const Message& message, uint32_t last, const char* what) {
  const std::string bytes = message.SerializeAsString();
  VisitWireFields(SpanOf(bytes), what, [&](const WireField& field) {
    if (field.number > last) throw Unsupported("{}: field {} of {} is not known", kVersion, field.number, what);
    return true;
  });
  return message;
}

void RequireKnown(const CompressiveEncoding& encoding, int depth = 0);

const known::Flat& KnownFlat(const known::Flat& flat) {
  Known(flat.data(), 2, "a buffer's compression");
  return Known(flat, 2, "flat");
}

void RequireFlat(const CompressiveEncoding& encoding, const char* what, uint64_t bits) {
  Known(encoding, 15, "an encoding");
  if (!encoding.has_flat()) throw Unsupported("{}: {} as {}", kVersion, what, codec::DescribeEncoding(encoding));
  KnownFlat(encoding.flat());
  if (bits != 0 && encoding.flat().bits_per_value() != bits) {
    throw Unsupported("{}: {} of {} bits", kVersion, what, encoding.flat().bits_per_value());
  }
}

void RequireKnownPacked(const known::VariablePackedStruct& packed, int depth) {
  Known(packed, 1, "a packed struct");
  for (const auto& field : packed.fields()) RequireKnown(Known(field, 3, "a field of a packed struct").value(), depth + 1);
}

void RequireKnown(const CompressiveEncoding& encoding, int depth) {
  if (depth > codec::kMaxEncodingDepth) throw Corrupt("encoding: nested more than {} deep", codec::kMaxEncodingDepth);
  Known(encoding, 15, "an encoding");
  switch (encoding.compression_case()) {
    case CompressiveEncoding::kFlat: KnownFlat(encoding.flat()); return;
    case CompressiveEncoding::kConstant: Known(encoding.constant(), 1, "a constant"); return;
    case CompressiveEncoding::kInlineBitpacking:
      Known(Known(encoding.inline_bitpacking(), 2, "bit-packing").values(), 2, "a buffer's compression");
      return;
    case CompressiveEncoding::kVariable:
      Known(Known(encoding.variable(), 2, "variable").values(), 2, "a buffer's compression");
      return RequireFlat(encoding.variable().offsets(), "offsets", 0);
    case CompressiveEncoding::kOutOfLineBitpacking:
      return RequireKnown(Known(encoding.out_of_line_bitpacking(), 3, "bit-packing").values(), depth + 1);
    case CompressiveEncoding::kFsst: return RequireKnown(Known(encoding.fsst(), 2, "fsst").values(), depth + 1);
    case CompressiveEncoding::kRle:
      RequireFlat(Known(encoding.rle(), 2, "runs").values(), "values of runs", 0);
      return RequireFlat(encoding.rle().run_lengths(), "lengths of runs", 8);
    case CompressiveEncoding::kByteStreamSplit:
      return RequireKnown(Known(encoding.byte_stream_split(), 1, "byte-stream-split").values(), depth + 1);
    case CompressiveEncoding::kGeneral:
      Known(Known(encoding.general(), 3, "general").compression(), 2, "a buffer's compression");
      return RequireKnown(encoding.general().values(), depth + 1);
    case CompressiveEncoding::kFixedSizeList:
      return RequireKnown(Known(encoding.fixed_size_list(), 3, "a fixed-size list").values(), depth + 1);
    case CompressiveEncoding::kPackedStruct:
      return RequireKnown(Known(encoding.packed_struct(), 2, "a packed struct").values(), depth + 1);
    case CompressiveEncoding::kVariablePackedStruct: return RequireKnownPacked(encoding.variable_packed_struct(), depth);
    default: throw Unsupported("{}: encoding '{}'", kVersion, codec::DescribeEncoding(encoding));
  }
}

/// Version 2.2 has no dictionaries of fixed-size lists.
void RequireNoLists(const CompressiveEncoding& dictionary) {
  const CompressiveEncoding& values = dictionary.has_general() ? dictionary.general().values() : dictionary;
  if (values.has_fixed_size_list()) throw Unsupported("{}: a dictionary of {}", kVersion, codec::DescribeEncoding(values));
}

known::RepDefLayer KnownLayer(uint32_t layer) {
  if (layer < 1 || layer > 6) throw Unsupported("{}: layer of kind {}", kVersion, layer);
  return static_cast<known::RepDefLayer>(layer);
}

/// Nothing is listed.
bool ListsNothing(const planar::Validity& validity) {
  return validity.count() == 0 && validity.positions().has_constant() && !validity.positions().constant().has_value();
}

class Translation {
 public:
  Translation(const planar::PlanarLayout& layout, size_t num_buffers) : layout_(layout), num_buffers_(num_buffers) {}

  known::PageLayout Take() {
    Known(layout_, 2, "a page"), Known(layout_.structure(), 2, "a structure"), Known(layout_.values(), 4, "values");
    switch (layout_.values().values_case()) {
      case planar::Values::kMiniBlock: AddMiniBlock(layout_.values().mini_block()); break;
      case planar::Values::kFullZip: AddFullZip(layout_.values().full_zip()); break;
      case planar::Values::kConstant: AddConstant(layout_.values().constant()); break;
      case planar::Values::kAllNull: AddNulls(); break;
      default: throw Unsupported("{}: values of a layout that is not known", kVersion);
    }
    return std::move(page_);
  }

 private:
  const planar::DenseStructure& Dense() const {
    if (layout_.structure().has_sparse()) throw Unsupported("{}: sparse structure", kVersion);
    if (!layout_.structure().has_dense()) throw Unsupported("{}: a structure that is not known", kVersion);
    return Known(layout_.structure().dense(), 1, "a dense structure");
  }
  template <typename Layout>
  void AddLayers(Layout* layout) const {
    for (const uint32_t layer : Dense().layers()) layout->add_layers(KnownLayer(layer));
  }
  static void Copy(bool present, const CompressiveEncoding& from, CompressiveEncoding* (known::MiniBlockLayout::*to)(),
                   known::MiniBlockLayout* layout) {
    if (!present) return;
    RequireKnown(from);
    *(layout->*to)() = from;
  }
  void AddMiniBlock(const planar::MiniBlockValues& values) {
    const auto& levels = Known(Known(values, 6, "a mini-block page").levels(), 3, "levels");
    known::MiniBlockLayout* layout = page_.mutable_mini_block_layout();
    AddLayers(layout);
    Copy(levels.has_rep_compression(), levels.rep_compression(), &known::MiniBlockLayout::mutable_rep_compression, layout);
    Copy(levels.has_def_compression(), levels.def_compression(), &known::MiniBlockLayout::mutable_def_compression, layout);
    Copy(values.has_value_compression(), values.value_compression(), &known::MiniBlockLayout::mutable_value_compression, layout);
    RequireNoLists(values.dictionary());
    Copy(values.has_dictionary(), values.dictionary(), &known::MiniBlockLayout::mutable_dictionary, layout);
    layout->set_repetition_index_depth(levels.repetition_index_depth());
    layout->set_num_dictionary_items(values.num_dictionary_items());
    layout->set_num_buffers(values.num_buffers());
    layout->set_num_items(values.num_items());
    layout->set_has_large_chunk(true);
  }
  void AddFullZip(const planar::FullZipValues& values) {
    const auto& levels = Known(Known(values, 6, "a full-zip page").levels(), 2, "levels");
    known::FullZipLayout* layout = page_.mutable_full_zip_layout();
    AddLayers(layout);
    layout->set_bits_rep(levels.bits_rep());
    layout->set_bits_def(levels.bits_def());
    if (values.details_case() == planar::FullZipValues::kBitsPerValue) layout->set_bits_per_value(values.bits_per_value());
    if (values.details_case() == planar::FullZipValues::kBitsPerOffset) layout->set_bits_per_offset(values.bits_per_offset());
    layout->set_num_items(values.num_items());
    layout->set_num_visible_items(values.num_visible_items());
    if (!values.has_value_compression()) return;
    RequireKnown(values.value_compression());
    *layout->mutable_value_compression() = values.value_compression();
  }
  void AddConstant(const planar::ConstantValue& constant) {
    known::ConstantLayout* layout = page_.mutable_constant_layout();
    AddLayers(layout);
    for (const int layer : layout->layers()) {
      if (layer != known::REPDEF_ALL_VALID_ITEM) throw Unsupported("{}: a constant page with layers of nulls or lists", kVersion);
    }
    if (num_buffers_ != 0) throw Unsupported("{}: a constant page with {} buffers", kVersion, num_buffers_);
    layout->set_inline_value(Known(constant, 1, "a constant page").value());
  }
  /// Nulls of the leaf alone: what is null further out would need the position sets.
  void AddNulls() {
    if (!layout_.structure().has_sparse() || num_buffers_ != 0) throw Unsupported("{}: a page of nulls with levels", kVersion);
    const auto& layers = Known(layout_.structure().sparse(), 1, "a sparse structure").layers();
    known::ConstantLayout* layout = page_.mutable_constant_layout();
    for (int i = layers.size() - 1; i >= 0; --i) {
      const bool leaf = i == layers.size() - 1;
      const planar::Validity& validity = Known(layers[i].validity(), 3, "validity");
      if (!layers[i].has_validity() || !ListsNothing(validity) || validity.listed() != (leaf ? 2u : 1u)) {
        throw Unsupported("{}: sparse structure", kVersion);
      }
      layout->add_layers(leaf ? known::REPDEF_NULLABLE_ITEM : known::REPDEF_ALL_VALID_ITEM);
    }
    if (layers.empty()) throw Unsupported("{}: sparse structure", kVersion);
  }

  const planar::PlanarLayout& layout_;
  const size_t num_buffers_;
  known::PageLayout page_;
};

}  // namespace

std::string TranslatePlanarLayout(std::string_view layout, size_t num_buffers) {
  planar::PlanarLayout message;
  if (!ParseMessage(SpanOf(layout), &message)) throw Corrupt("page layout: {} bytes are no PlanarLayout message", layout.size());
  return Translation(message, num_buffers).Take().SerializeAsString();
}

}  // namespace eider::page
