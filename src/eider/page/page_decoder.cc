#include "eider/page/page_decoder.h"

#include <google/protobuf/arena.h>

#include "eider/base/parse_message.h"
#include "eider/page/blob_decoder.h"
#include "eider/page/constant_decoder.h"
#include "eider/page/full_zip_decoder.h"
#include "eider/page/mini_block_decoder.h"
#include "eider/proto/encodings21.pb.h"

namespace eider::page {
namespace {

using ::lance::encodings21::PageLayout;

/// A layout whose parts lie in one piece of memory: they live as long as a decoder takes to be made.
class ParsedLayout {
 public:
  explicit ParsedLayout(std::string_view bytes) : arena_(Options(room_)), layout_(google::protobuf::Arena::CreateMessage<PageLayout>(&arena_)) {
    if (!ParseMessage(SpanOf(bytes), layout_)) throw Corrupt("page layout: {} bytes are no PageLayout message", bytes.size());
  }
  const PageLayout& operator*() const { return *layout_; }

 private:
  static google::protobuf::ArenaOptions Options(std::span<char> room) {
    google::protobuf::ArenaOptions options;
    options.initial_block = room.data();
    options.initial_block_size = room.size();
    return options;
  }
  alignas(8) char room_[1024];
  google::protobuf::Arena arena_;
  PageLayout* const layout_;
};

void DescribeLayers(const ::google::protobuf::RepeatedField<int>& layers, std::string& out) {
  static constexpr const char* kNames[] = {"?",          "item",          "list",          "nullable item",
                                           "nullable list", "emptyable list", "nullable and emptyable list"};
  out += ", layers [";
  for (int i = 0; i < layers.size(); ++i) {
    if (i > 0) out += ", ";
    const int kind = layers.Get(i);
    out += kNames[kind >= 0 && kind <= 6 ? kind : 0];
  }
  out += "]";
}

}  // namespace

std::unique_ptr<PageDecoder> MakePageDecoder(const PageSource& source, std::shared_ptr<const LeafSpec> leaf) {
  const ParsedLayout parsed(source.layout);
  const PageLayout& layout = *parsed;
  switch (layout.layout_case()) {
    case PageLayout::kMiniBlockLayout:
      return std::make_unique<MiniBlockDecoder>(layout.mini_block_layout(), source, std::move(leaf));
    case PageLayout::kConstantLayout:
      return std::make_unique<ConstantDecoder>(layout.constant_layout(), source, std::move(leaf));
    case PageLayout::kFullZipLayout:
      return std::make_unique<FullZipDecoder>(layout.full_zip_layout(), source, std::move(leaf));
    case PageLayout::kBlobLayout:
      return std::make_unique<BlobDecoder>(layout.blob_layout(), source, std::move(leaf));
    case PageLayout::kSparseLayout:
      throw Unsupported("sparse pages");
    default:
      throw Corrupt("page layout: none of the known layouts");
  }
}

namespace {

std::string Describe(const PageLayout& layout) {
  std::string out;
  if (layout.has_mini_block_layout()) {
    const auto& page = layout.mini_block_layout();
    out = fmt::format("mini-block({}), {} items", codec::DescribeEncoding(page.value_compression()), page.num_items());
    if (page.has_dictionary()) {
      out += fmt::format(", dictionary({}) of {}", codec::DescribeEncoding(page.dictionary()), page.num_dictionary_items());
    }
    if (page.has_rep_compression()) out += fmt::format(", rep({})", codec::DescribeEncoding(page.rep_compression()));
    if (page.has_def_compression()) out += fmt::format(", def({})", codec::DescribeEncoding(page.def_compression()));
    DescribeLayers(page.layers(), out);
  } else if (layout.has_full_zip_layout()) {
    const auto& page = layout.full_zip_layout();
    out = fmt::format("full-zip({}), {} items, {} visible", codec::DescribeEncoding(page.value_compression()), page.num_items(),
                      page.num_visible_items());
    DescribeLayers(page.layers(), out);
  } else if (layout.has_constant_layout()) {
    const auto& page = layout.constant_layout();
    out = page.has_inline_value() ? fmt::format("constant({} bytes)", page.inline_value().size()) : std::string("constant");
    DescribeLayers(page.layers(), out);
  } else if (layout.has_blob_layout()) {
    const PageLayout& inner = layout.blob_layout().inner_layout();
    out = fmt::format("blob({})", inner.has_blob_layout() ? "blob" : Describe(inner));
    DescribeLayers(layout.blob_layout().layers(), out);
  } else {
    out = "unknown";
  }
  return out;
}

}  // namespace

std::string DescribeLayout(std::string_view bytes) { return Describe(*ParsedLayout(bytes)); }

}  // namespace eider::page
