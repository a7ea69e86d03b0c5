#include "eider/file/field_take.h"

#include <algorithm>

#include "eider/base/task_pool.h"
#include "eider/file/file_reader_impl.h"
#include "eider/io/cold_ranges.h"
#include "eider/page/field_plan.h"

namespace eider::file {
namespace {

/// Chunks decoded before the clock is looked at again.
constexpr size_t kChunksPerLook = 64;

bool IsInLists(const page::LeafSpec& leaf) {
  return std::any_of(leaf.layers.begin(), leaf.layers.end(), [](const page::LayerSpec& layer) { return layer.is_list; });
}

bool HasPlainLeaves(const page::FieldPlan& plan, const ColumnProjection& column) {
  if (plan.leaves.empty() || column.leaf_columns.size() != plan.leaves.size()) return false;
  for (size_t i = 0; i < plan.leaves.size(); ++i) {
    if (column.leaf_columns[i] < 0 || plan.leaves[i]->rows_per_row != 1 || plan.leaves[i]->is_dictionary()) return false;
  }
  return true;
}

}  // namespace

bool FieldTake::AddRows(const FileReader& file, const LeafRead& read, const Buffer& mapping, std::span<const uint32_t> slots, Leaf& leaf) {
  page::RowTake& take = *leaf.take;
  const ColumnPages& column = *read.column;
  std::vector<int64_t> known(column.num_pages(), -1);
  for (uint64_t i = 0; i < read.rows.count; ++i) {
    const uint64_t row = read.rows.rows[i];
    const size_t number = known.size() == 1 ? 0 : column.FindPage(row);
    if (known[number] < 0) {
      std::unique_ptr<page::PageDecoder> owned;
      const page::PageDecoder& decoder = InContext([&] { return fmt::format("page {} of column '{}'", number, *read.path); },
                                                   [&]() -> const page::PageDecoder& { return column.Decoder(number, read.leaf, owned); });
      if (owned) return false;
      const std::optional<uint32_t> added = take.AddPage(decoder, mapping.data(), number);
      if (!added) return false;
      leaf.pages.push_back({&file, &column, number});
      known[number] = *added;
    }
    take.Set(slots.empty() ? i : slots[i], static_cast<uint32_t>(known[number]), static_cast<uint32_t>(row - column.first_row(number)));
  }
  return true;
}

bool FieldTake::Add(const FileReader& file, const ColumnProjection& column, std::span<const uint64_t> rows,
                    std::span<const uint32_t> slots, const ReadContext& context) {
  const FileReader::Impl& impl = file.impl();
  return InContext([&] { return impl.Where(); }, [&] {
    const page::FieldPlan& plan = column.plan.Get(column.field);
    const Buffer mapping = impl.stored ? Buffer() : impl.file->Mapped();
    if (!mapping.present() || !HasPlainLeaves(plan, column)) return false;
    for (const uint64_t row : rows) {
      if (row >= impl.num_rows) throw Invalid("row {} of {}", row, impl.num_rows);
    }
    impl.file->CheckNotCut();
    if (plan_ == nullptr) {
      plan_ = &plan;
      for (size_t i = 0; i < plan.leaves.size(); ++i) {
        leaves_.push_back({IsInLists(*plan.leaves[i]) ? page::MakeListTake(num_rows_, plan.paths[i]) : page::MakeItemTake(num_rows_, plan.paths[i]), {}});
      }
    }
    if (plan.leaves.size() != leaves_.size()) return false;
    std::vector<LeafRead> reads;
    impl.AddReads(column, plan, {.count = rows.size(), .rows = rows.data()}, context.stats, reads);
    for (size_t i = 0; i < reads.size(); ++i) {
      if (!reads[i].leaf->SameLayout(*plan_->leaves[i]) || !AddRows(file, reads[i], mapping, slots, leaves_[i])) return false;
    }
    return true;
  });
}

void FieldTake::AppendRanges(FileRanges& ranges) const {
  for (const Leaf& leaf : leaves_) {
    const std::span<const ByteSpan> chunks = leaf.take->chunks();
    for (size_t i = 0; i < chunks.size(); ++i) {
      ranges[leaf.pages[leaf.take->page_of(i)].file].push_back({leaf.take->file_offset(i), chunks[i].size()});
    }
  }
}

void FieldTake::CountReads(const Leaf& leaf) {
  const std::span<const ByteSpan> chunks = leaf.take->chunks();
  const FileReader* file = nullptr;
  const uint8_t* end = nullptr;
  uint64_t requests = 0, bytes = 0;
  const auto finish = [&] {
    if (requests > 0) file->impl().file->CountReads(requests, bytes);
    requests = bytes = 0;
  };
  for (size_t i = 0; i < chunks.size(); ++i) {
    const FileReader* of = leaf.pages[leaf.take->page_of(i)].file;
    if (of != file) finish();
    requests += of != file || chunks[i].data() != end;
    file = of;
    end = chunks[i].data() + chunks[i].size();
    bytes += chunks[i].size();
  }
  finish();
}

bool FieldTake::LocateSparse() {
  return std::all_of(leaves_.begin(), leaves_.end(), [](const Leaf& leaf) { return leaf.take->LocateSparse(); });
}

// What a take reads whole: neighbouring chunks that make up a block at least. Of smaller ones it touches little.
void FieldTake::VerifyWhole(const Leaf& leaf) {
  const std::span<const ByteSpan> chunks = leaf.take->chunks();
  for (size_t first = 0, end = 0; first < chunks.size(); first = end) {
    const uint32_t number = leaf.take->page_of(first);
    uint64_t length = chunks[first].size();
    for (end = first + 1; end < chunks.size() && chunks[end].data() == chunks[first].data() + length && leaf.take->page_of(end) == number; ++end) {
      length += chunks[end].size();
    }
    if (length < kSumBlockBytes) continue;
    const Page& page = leaf.pages[number];
    const FileReader::Impl& impl = page.file->impl();
    InContext([&] { return impl.Where(); }, [&] {
      InContext([&] { return fmt::format("page {}", page.number); }, [&] {
        const PageVerifier* verifier = page.column->Verifier(page.number);
        const Buffer mapping = impl.file->Mapped();
        if (verifier) verifier->Verify(*impl.file, mapping.span(), {leaf.take->file_offset(first), length}, {chunks[first].data(), length}, true);
      });
    });
  }
}

ArrayPtr FieldTake::Finish(const ReadContext& context) {
  std::vector<std::unique_ptr<page::LeafOutput>> outputs;
  std::vector<page::LeafOutput*> pointers;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    page::LeafOutput& out = *outputs.emplace_back(std::make_unique<page::LeafOutput>(plan_->leaves[i]));
    pointers.push_back(&out);
    VerifyWhole(leaves_[i]);
    CountReads(leaves_[i]);
    page::RowTake& leaf = *leaves_[i].take;
    const std::span<const ByteSpan> chunks = leaf.chunks();
    io::ColdRanges cold(chunks);
    for (size_t first = 0; first < chunks.size(); first += kChunksPerLook) {
      const size_t end = std::min(chunks.size(), first + kChunksPerLook);
      CheckInterrupt();
      cold.Expect(first, end);
      leaf.Decode(first, end, out);
    }
    leaf.Finish(out);
  }
  ArrayPtr array = page::AssembleField(*plan_, pointers, num_rows_);
  if (context.stats) context.stats->bytes_copied.fetch_add(CopiedBytes(*array), std::memory_order_relaxed);
  return array;
}

}  // namespace eider::file
