#include "eider/file/file_reader_impl.h"
#include "eider/page/page_anatomy.h"
#include "eider/page/page_decoder.h"
#include "eider/schema/logical_type.h"

namespace eider::file {
namespace {

/// A leaf of the schema: a column of the file.
struct Leaf {
  std::string path;
  const LanceField* field = nullptr;
};

/// In the order of the file's columns: the leaves, before 2.1 (`parents`) all fields.
void CollectLeaves(const LanceField& field, const std::string& prefix, bool parents, std::vector<Leaf>& leaves) {
  const std::string path = prefix + field.name;
  if (field.IsLeaf() || parents) leaves.push_back({path, &field});
  if (field.IsLeaf()) return;
  for (const LanceField& child : field.children) CollectLeaves(child, path + ".", parents, leaves);
}

/// A column of a version before 2.1: its pages cannot be taken apart.
void AddStoredPages(const StoredColumn& pages, ColumnMetadata& column) {
  column.num_rows = pages.num_rows();
  for (size_t i = 0; i < pages.num_pages(); ++i) {
    PageMetadata& page = column.pages.emplace_back();
    page.first_row = pages.first_row(i);
    page.num_rows = pages.first_row(i + 1) - pages.first_row(i);
    page.encoding = pages.DescribePage(i);
    page.layout = page.encoding.substr(0, page.encoding.find_first_of("(,"));
    for (const ByteRange& range : pages.page_buffers(i)) page.buffers.push_back({range.offset, range.length});
  }
}

void AddStatistics(const PageSums& sums, const Leaf& leaf, PageMetadata& out) {
  const page::PageStatistics& statistics = sums.statistics;
  out.num_checksums = sums.num_sums;
  out.null_count = statistics.null_count;
  if (!statistics.min || !statistics.max || leaf.field == nullptr) return;
  try {
    const TypePtr type = ToArrowField(*leaf.field).type;
    out.min = page::BoundToText(*statistics.min, *type);
    out.max = page::BoundToText(*statistics.max, *type);
    out.min_is_cut = statistics.min_is_cut;
    out.max_is_cut = statistics.max_is_cut;
  } catch (const Error&) {
    // A type that cannot be read has no bounds to show.
  }
}

void AddEncoding(const page::PageSource& source, const std::function<Buffer(ByteRange)>& read, PageMetadata& out) {
  try {
    out.encoding = page::DescribeLayout(source.layout);
    out.layout = out.encoding.substr(0, out.encoding.find_first_of("(,"));
    const std::optional<page::PageAnatomy> anatomy = page::DissectPage(source, read);
    if (!anatomy) return;
    out.num_items = anatomy->num_items;
    out.bytes = PageBytes{.repetition = anatomy->repetition_bytes,
                          .definition = anatomy->definition_bytes,
                          .index = anatomy->index_bytes,
                          .headers = anatomy->header_bytes,
                          .values = anatomy->value_bytes,
                          .dictionary = anatomy->dictionary_bytes};
  } catch (const Error& error) {
    out.encoding += fmt::format("{}unreadable: {}", out.encoding.empty() ? "" : "; ", error.what());
  }
}

}  // namespace

FieldSize FileReader::SizeOf(int32_t column) const {
  FieldSize size;
  const auto add = [&size](uint64_t items, std::span<const ByteRange> buffers) {
    ++size.num_pages;
    size.num_items += items;
    for (const ByteRange& buffer : buffers) size.size_bytes += buffer.length;
  };
  if (impl_->stored) {
    const StoredColumn& stored = impl_->stored->Column(column);
    const bool counts_rows = impl_->stored->counts_rows();
    for (size_t i = 0; i < stored.num_pages(); ++i) {
      add(counts_rows ? stored.first_row(i + 1) - stored.first_row(i) : 0, stored.page_buffers(i));
    }
    return size;
  }
  if (column < 0 || static_cast<uint32_t>(column) >= num_columns()) throw Corrupt("column {} of a file with {}", column, num_columns());
  const ColumnPages& pages = impl_->Column(static_cast<size_t>(column));
  for (size_t i = 0; i < pages.num_pages(); ++i) {
    const page::PageSource source = pages.source(i);
    add(page::CountItems(source).value_or(source.num_rows), source.buffers);
  }
  return size;
}

std::vector<PageFacts> FileReader::Impl::FactsOfPages(int32_t column, ScanStats* stats) const {
  if (stored || column < 0 || static_cast<uint32_t>(column) >= tail().num_columns) return {};
  const ColumnPages& pages = Column(static_cast<size_t>(column), stats);
  std::vector<PageFacts> facts;
  for (size_t i = 0; i < pages.num_pages(); ++i) {
    const PageSums* known = pages.sums(i);
    if (!known) return {};
    facts.push_back({pages.first_row(i), pages.end_row(i) - pages.first_row(i), &known->statistics});
  }
  return facts;
}

std::vector<PageFacts> FileReader::Impl::FactsOfZones(const LanceField& leaf, ScanStats* stats) const {
  if (tail().num_global_buffers < 2) return {};
  return seeds.Facts(leaf, num_rows, [&](const LanceField& field) -> std::optional<Buffer> {
    const std::optional<uint32_t> index = FindSeed(state->Schema(*file, stats), field);
    if (!index || *index == 0 || *index >= tail().num_global_buffers) return std::nullopt;
    const ByteRange range = tail().global_buffer(*index);
    if (range.length > kMaxSeedBytes) return std::nullopt;
    Buffer bytes = ReadThroughTail(*file, tail(), range, stats);
    if (const FileSums* sums = state->Sums(*file, stats)) sums->CheckGlobalBuffer(*index, bytes.span());
    return bytes;
  });
}

std::vector<PageFacts> FileReader::Facts(const LanceField& leaf, int32_t column, const ReadContext& context) const {
  return InContext([&] { return impl_->Where(); }, [&] {
    if (impl_->tail().version.IsLegacy()) return impl_->stored->Facts(leaf, context.stats);
    std::vector<PageFacts> facts = impl_->FactsOfPages(column, context.stats);
    return facts.empty() ? impl_->FactsOfZones(leaf, context.stats) : facts;
  });
}

FileMetadata FileReader::Metadata() const {
  std::vector<Leaf> leaves;
  for (const LanceField& field : schema().fields) CollectLeaves(field, "", impl_->stored != nullptr, leaves);
  leaves.resize(num_columns(), {.path = "?"});
  FileMetadata file{.path = path(), .version = version().ToString(), .num_rows = num_rows(), .size_bytes = impl_->file->size()};
  const FileSums* sums = impl_->state->Sums(*impl_->file, nullptr);
  file.checksum_bytes = sums ? sums->num_bytes() : 0;
  for (uint32_t i = 0; i < num_global_buffers(); ++i) {
    const ByteRange range = impl_->tail().global_buffer(i);
    file.global_buffers.push_back({range.offset, range.length});
  }
  for (uint32_t c = 0; c < num_columns(); ++c) {
    ColumnMetadata& column = file.columns.emplace_back();
    column.name = leaves[c].path;
    if (leaves[c].field) column.type = leaves[c].field->logical_type;
    if (impl_->stored) {
      AddStoredPages(impl_->stored->Column(static_cast<int32_t>(c)), column);
      continue;
    }
    const ColumnPages& pages = impl_->Column(c);
    column.num_rows = pages.num_rows();
    column.metadata_bytes = impl_->tail().column(c).length;
    for (size_t i = 0; i < pages.num_pages(); ++i) {
      PageMetadata& page = column.pages.emplace_back();
      page.first_row = pages.first_row(i);
      page.num_rows = pages.source(i).num_rows;
      for (const ByteRange& range : pages.source(i).buffers) page.buffers.push_back({range.offset, range.length});
      AddEncoding(pages.source(i), [&](ByteRange range) { return impl_->file->Read(range); }, page);
      if (const PageSums* known = pages.sums(i)) AddStatistics(*known, leaves[c], page);
    }
  }
  return file;
}

}  // namespace eider::file
