#include "eider/file/column_read.h"

#include <algorithm>
#include <list>

#include <eider/interrupt.h>

#include "eider/base/task_pool.h"

namespace eider::file {
namespace {

// Below this many fetched bytes waking another thread costs more than it saves.
constexpr uint64_t kParallelBytes = 1 << 20;

/// Fetched bytes and where they lie in the file.
struct Stretch {
  ByteRange range;
  ByteSpan bytes;
};

struct PagePart {
  size_t page = 0;
  const PageVerifier* verifier = nullptr;
  bool whole_chunks = false;     // a take reads chunks whole
  std::vector<Stretch> unverified = {};
  std::unique_ptr<page::PageDecoder> owned;
  std::unique_ptr<page::PageRead> read;
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
  for (uint64_t i = 0; i < leaf.rows.count;) {
    const size_t page = column.FindPage(rows[i]);
    const uint64_t first = column.first_row(page), last = column.end_row(page);
    uint64_t end = i + 1;
    while (end < leaf.rows.count && rows[end] >= first && rows[end] < last) ++end;
    AddPart(leaf, page, {.count = end - i, .rows = rows + i, .base = first});
    i = end;
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
    wants_.clear();
    counts_.clear();
    for (LeafParts& leaf : leaves_) {
      for (PagePart& part : leaf.parts) {
        const size_t before = wants_.size();
        InPage(leaf, part, [&] { part.read->Want(wants_); });
        counts_.push_back(wants_.size() - before);
      }
    }
    if (wants_.empty()) return false;
    spans_.resize(wants_.size());
    batches_.emplace_back().Read(file_, wants_, spans_, context_.stats);
    for (const ByteRange& want : wants_) fetched_bytes_ += want.length;
    size_t at = 0, k = 0;
    for (LeafParts& leaf : leaves_) {
      for (PagePart& part : leaf.parts) {
        const size_t count = counts_[k++];
        if (count > 0) {
          InPage(leaf, part, [&] {
            if (part.verifier) Verify(leaf, part, std::span(wants_).subspan(at, count), std::span(spans_).subspan(at, count));
            part.read->Feed(std::span(spans_).subspan(at, count));
          });
        }
        at += count;
      }
    }
    return true;
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
    for (PagePart& part : leaf.parts) {
      InPage(leaf, part, [&] {
        for (const Stretch& stretch : part.unverified) {
          part.verifier->Verify(file_, mapping_.span(), stretch.range, stretch.bytes, !leaf.rows.is_range());
        }
        part.read->Decode(*leaf.leaf->output);
      });
    }
  }

  const io::ReadableFile& file_;
  const ReadContext& context_;
  const Buffer mapping_;
  std::vector<LeafParts> leaves_;
  std::list<io::RangeBatch> batches_;  // what was fed lives until all is decoded
  std::vector<ByteRange> wants_;
  std::vector<ByteSpan> spans_;
  std::vector<size_t> counts_;
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
