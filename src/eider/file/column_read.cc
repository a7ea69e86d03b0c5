#include "eider/file/column_read.h"

#include <algorithm>
#include <list>
#include <numeric>

#include <eider/interrupt.h>

#include "eider/base/task_pool.h"
#include "eider/io/cold_ranges.h"
#include "eider/io/local_file.h"
#include "eider/page/unravel.h"

namespace eider::file {
namespace {

// Below this many fetched bytes waking another thread costs more than it saves.
constexpr uint64_t kParallelBytes = 1 << 20;
constexpr size_t kPrefetchBlock = 64;

/// Fetched bytes and where they lie in the file.
struct Stretch {
  ByteRange range;
  ByteSpan bytes;
};

struct PagePart {
  size_t page = 0;
  const PageVerifier* verifier = nullptr;
  bool whole_chunks = false;  // a take reads chunks whole
  std::vector<Stretch> unverified = {};
  std::unique_ptr<page::PageDecoder> owned;
  std::unique_ptr<page::PageRead> read;
};

/// What one wave of requests brought; lives until all is decoded.
struct Round {
  std::vector<ByteRange> wants;
  std::vector<ByteSpan> spans;
  std::vector<size_t> counts;  // of each part
  io::RangeBatch batch;
};

/// One leaf's page reads, in the order of its rows.
struct LeafParts {
  LeafRead* leaf = nullptr;
  std::vector<PagePart> parts;
  std::vector<uint64_t> expanded;  // rows of a column that counts items of a fixed-size list
  FileRows rows;
};

template <typename Body>
auto InPage(const LeafParts& leaf, const PagePart& part, Body&& body) {
  return InContext([&] { return fmt::format("page {} of column '{}'", part.page, *leaf.leaf->path); }, body);
}

void ExpandRows(LeafParts& leaf) {
  const uint64_t n = leaf.leaf->leaf->rows_per_row;
  leaf.rows = leaf.leaf->rows;
  if (n == 1) return;
  const uint64_t count = CheckedMul(leaf.rows.count, n, "rows");
  if (leaf.rows.is_range()) {
    leaf.rows.first = CheckedMul(leaf.rows.first, n, "rows");
  } else {
    leaf.expanded.reserve(count);
    for (uint64_t i = 0; i < leaf.rows.count; ++i) {
      for (uint64_t k = 0; k < n; ++k) leaf.expanded.push_back(leaf.rows.rows[i] * n + k);
    }
    leaf.rows.rows = leaf.expanded.data();
  }
  leaf.rows.count = count;
}

void AddPart(LeafParts& leaf, size_t page, const page::RowSelection& selection) {
  PagePart part{.page = page};
  InPage(leaf, part, [&] {
    const page::PageDecoder& decoder = leaf.leaf->column->Decoder(page, leaf.leaf->leaf, part.owned);
    part.read = decoder.Read(selection);
    part.verifier = leaf.leaf->column->Verifier(page);
    part.whole_chunks = decoder.ReadsWholeChunks();
  });
  leaf.parts.push_back(std::move(part));
}

void PlanRange(LeafParts& leaf) {
  const ColumnPages& column = *leaf.leaf->column;
  const uint64_t end = leaf.rows.first + leaf.rows.count;
  for (uint64_t row = leaf.rows.first; row < end;) {
    const size_t page = column.FindPage(row);
    const uint64_t stop = std::min(end, column.end_row(page));
    AddPart(leaf, page, {.first = row - column.first_row(page), .count = stop - row});
    row = stop;
  }
}

void PlanRows(LeafParts& leaf) {
  const ColumnPages& column = *leaf.leaf->column;
  const uint64_t* rows = leaf.rows.rows;
  std::vector<size_t> pages;
  std::vector<uint64_t> begins;
  for (uint64_t i = 0; i < leaf.rows.count;) {
    pages.push_back(column.FindPage(rows[i]));
    begins.push_back(i);
    const uint64_t first = column.first_row(pages.back()), last = column.end_row(pages.back());
    do ++i;
    while (i < leaf.rows.count && rows[i] >= first && rows[i] < last);
  }
  begins.push_back(leaf.rows.count);
  leaf.parts.reserve(pages.size());
  for (size_t k = 0; k < pages.size(); ++k) {
    // By blocks, so that what was asked for is still in the cache when it is needed.
    if (k % kPrefetchBlock == 0) column.Prefetch(std::span(pages).subspan(k, std::min(kPrefetchBlock, pages.size() - k)));
    AddPart(leaf, pages[k], {.count = begins[k + 1] - begins[k], .rows = rows + begins[k], .base = column.first_row(pages[k])});
  }
}

class Driver {
 public:
  Driver(const io::ReadableFile& file, std::span<LeafRead> reads, const ReadContext& context)
      : file_(file), context_(context), mapping_(file.Mapped()), leaves_(reads.size()) {
    for (size_t i = 0; i < reads.size(); ++i) {
      LeafParts& leaf = leaves_[i];
      leaf.leaf = &reads[i];
      ExpandRows(leaf);
      leaf.rows.is_range() ? PlanRange(leaf) : PlanRows(leaf);
      reads[i].output = std::make_unique<page::LeafOutput>(reads[i].leaf);
      reads[i].output->mapping = mapping_;
      reads[i].output->may_view = leaf.parts.size() == 1;
      if (leaf.rows.is_range()) reads[i].output->expected_rows = leaf.rows.count;
    }
  }

  void Run() {
    while (FetchRound()) CheckInterrupt();
    if (context_.session && leaves_.size() > 1 && fetched_bytes_ >= kParallelBytes) {
      context_.session->cpu_pool().ParallelFor(leaves_.size(), [&](size_t i) { Decode(leaves_[i]); });
    } else {
      for (LeafParts& leaf : leaves_) Decode(leaf);
    }
  }

 private:
  bool FetchRound() {
    Round& round = rounds_.emplace_back();
    for (LeafParts& leaf : leaves_) {
      for (PagePart& part : leaf.parts) {
        const size_t before = round.wants.size();
        InPage(leaf, part, [&] { part.read->Want(round.wants); });
        round.counts.push_back(round.wants.size() - before);
      }
    }
    if (round.wants.empty()) return false;
    round.spans.resize(round.wants.size());
    round.batch.Read(file_, round.wants, round.spans, context_.stats);
    if (mapping_.size() > io::kCopiedBytes) io::ColdRanges(round.spans).Expect(0, round.spans.size());
    for (const ByteRange& want : round.wants) fetched_bytes_ += want.length;
    size_t at = 0;
    std::span<const size_t> counts = round.counts;
    for (LeafParts& leaf : leaves_) {
      const auto of_leaf = counts.first(leaf.parts.size());
      FeedLeaf(leaf, round, of_leaf, at);
      at += std::accumulate(of_leaf.begin(), of_leaf.end(), size_t{0});
      counts = counts.subspan(leaf.parts.size());
    }
    return true;
  }
  // Each read also learns where the next ones of its leaf have their bytes.
  void FeedLeaf(LeafParts& leaf, const Round& round, std::span<const size_t> counts, size_t at) {
    const size_t end = at + std::accumulate(counts.begin(), counts.end(), size_t{0});
    const std::span<const ByteSpan> spans(round.spans);
    for (size_t i = 0; i < leaf.parts.size(); at += counts[i++]) {
      if (counts[i] == 0) continue;
      InPage(leaf, leaf.parts[i], [&] {
        if (leaf.parts[i].verifier) {
          Verify(leaf, leaf.parts[i], std::span(round.wants).subspan(at, counts[i]), spans.subspan(at, counts[i]));
        }
        leaf.parts[i].read->Feed(spans.subspan(at, counts[i]));
        leaf.parts[i].read->LookAhead(spans.subspan(at + counts[i], end - at - counts[i]));
      });
    }
  }

  /// Checks fetched bytes now or, the bulk of them, when they are decoded. Neighbours are checked as one.
  void Verify(const LeafParts& leaf, PagePart& part, std::span<const ByteRange> wants, std::span<const ByteSpan> spans) {
    const bool is_take = !leaf.rows.is_range();
    for (size_t i = 0; i < wants.size(); ++i) {
      const bool bulk = part.verifier->IsBulk(wants[i]);
      if (bulk && is_take && !TakesWhole(part, wants[i])) continue;
      if (!bulk) {
        part.verifier->Verify(file_, mapping_.span(), wants[i], spans[i], is_take);
        continue;
      }
      Stretch* last = part.unverified.empty() ? nullptr : &part.unverified.back();
      if (last && last->range.end() == wants[i].offset && last->bytes.data() + last->bytes.size() == spans[i].data()) {
        last->range.length += wants[i].length;
        last->bytes = {last->bytes.data(), last->range.length};
      } else {
        part.unverified.push_back({wants[i], spans[i]});
      }
    }
  }
  /// On a mapped file a take touches little of the ranges that it asks for: values by their address.
  bool TakesWhole(const PagePart& part, ByteRange want) const {
    return !mapping_.present() || part.whole_chunks || want.length >= kSumBlockBytes;
  }

  void Decode(LeafParts& leaf) {
    page::LeafOutput& out = *leaf.leaf->output;
    for (PagePart& part : leaf.parts) {
      InPage(leaf, part, [&] {
        for (const Stretch& stretch : part.unverified) {
          part.verifier->Verify(file_, mapping_.span(), stretch.range, stretch.bytes, !leaf.rows.is_range());
        }
        if (!part.read->DefersLevels()) page::FlushLists(out);
        part.read->Decode(out);
      });
    }
    InContext([&] { return fmt::format("column '{}'", *leaf.leaf->path); }, [&] { page::FlushLists(out); });
  }

  const io::ReadableFile& file_;
  const ReadContext& context_;
  const Buffer mapping_;
  std::vector<LeafParts> leaves_;
  std::list<Round> rounds_;
  uint64_t fetched_bytes_ = 0;
};

}  // namespace

void ReadLeaves(const io::ReadableFile& file, std::span<LeafRead> reads, const ReadContext& context) {
  Driver(file, reads, context).Run();
}

bool ReadsAnyOrder(const ColumnPages& column, const std::shared_ptr<const page::LeafSpec>& leaf, const std::string& path) {
  if (column.num_pages() != 1) return false;
  std::unique_ptr<page::PageDecoder> owned;
  return InContext([&] { return fmt::format("page 0 of column '{}'", path); },
                   [&] { return column.Decoder(0, leaf, owned).ReadsAnyOrder(); });
}

}  // namespace eider::file
