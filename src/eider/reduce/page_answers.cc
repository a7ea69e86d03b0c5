#include "eider/reduce/page_answers.h"

#include "eider/base/task_pool.h"
#include "eider/query/pruning.h"

namespace eider::reduce {
namespace {

/// Live rows of a fragment in one page.
struct Page {
  size_t place = 0;  ///< of the fragment, in the list of those asked for
  rows::RowRange live;
  bool is_full = true;  ///< no row of it is deleted
  const page::PageStatistics* statistics = nullptr;
};

class PageAnswers {
 public:
  PageAnswers(const Argument& argument, bool has_bounds, Fold& fold) : argument_(argument), has_bounds_(has_bounds), fold_(fold) {}

  /// True when the page has to be read.
  bool MustRead(const Page& page, uint64_t num_rows) {
    const page::PageStatistics& known = *page.statistics;
    if (page.live.count == 0 || known.null_count == num_rows) return false;
    const bool knows_count = known.null_count && (page.is_full || known.null_count == 0u);
    if (argument_.wanted.sum || (argument_.counts && !knows_count)) return true;
    if (argument_.wanted.bounds()) {
      if (!has_bounds_) return true;
      const bool tells = page.is_full && !known.only_bounds;
      if (!tells || !fold_.AddExtremes(known)) {
        if (tells) fold_.AddNarrowed(known);
        later_.push_back(page);
        return false;
      }
    }
    AddCount(page);
    return false;
  }

  /// Those of the pages put off that have to be read.
  std::vector<Page> Rest() {
    std::vector<Page> rest;
    for (const Page& page : later_) {
      if (fold_.MayWiden(*page.statistics)) rest.push_back(page);
      else AddCount(page);
    }
    return rest;
  }

 private:
  // Extremes are null where there is no value: one is enough, where the count is not known.
  void AddCount(const Page& page) { fold_.AddCount(page.live.count - (page.is_full ? page.statistics->null_count.value_or(page.live.count - 1) : 0)); }

  const Argument& argument_;
  const bool has_bounds_;
  Fold& fold_;
  std::vector<Page> later_;
};

std::vector<std::vector<file::PageFacts>> GatherFacts(const query::TableReader& table, const query::ReadPlan& plan, int32_t field_id,
                                                      std::span<const FragmentRanges> fragments, ScanStats* stats) {
  std::vector<std::vector<file::PageFacts>> facts(fragments.size());
  table.session()->cpu_pool().ParallelFor(fragments.size(), [&](size_t i) {
    facts[i] = table.fragment(fragments[i].fragment).Facts(plan, field_id, table.context(stats));
  });
  return facts;
}

Page ToPage(size_t place, const file::PageFacts& facts, const rows::DeletionVector* deleted) {
  Page page{.place = place, .live = {facts.first_row, facts.num_rows}, .statistics = facts.statistics};
  if (!deleted) return page;
  page.live.first = deleted->CountLive(facts.first_row);
  page.live.count = deleted->CountLive(facts.first_row + facts.num_rows) - page.live.first;
  page.is_full = page.live.count == facts.num_rows;
  return page;
}

}  // namespace

std::vector<FragmentRanges> FoldStatistics(const query::TableReader& table, const ArgumentReader& reader, std::span<const FragmentRanges> fragments,
                                           Fold& fold, ScanStats* stats) {
  std::vector<FragmentRanges> left(fragments.begin(), fragments.end());
  const Argument& argument = reader.arguments().at(0);
  const std::optional<std::string> path = argument.expression->AsColumn();
  const LanceField* leaf = path ? query::FindFlatLeaf(reader.plan().projected(), *path) : nullptr;
  if (!leaf) return left;
  PageAnswers answers(argument, TypesEqual(*ToArrowField(*leaf).type, *argument.expression->type()), fold);
  const auto all_facts = GatherFacts(table, reader.plan(), leaf->id, fragments, stats);
  for (size_t i = 0; i < left.size(); ++i) {
    if (all_facts[i].empty()) continue;
    left[i].live.clear();
    const rows::DeletionVector* deleted = table.fragment(left[i].fragment).deletions(table.context(stats));
    for (const file::PageFacts& facts : all_facts[i]) {
      const Page page = ToPage(i, facts, deleted);
      if (answers.MustRead(page, facts.num_rows)) left[i].live.push_back(page.live);
    }
  }
  for (const Page& page : answers.Rest()) left[page.place].live.push_back(page.live);
  for (FragmentRanges& ranges : left) ranges.live = query::Normalize(std::move(ranges.live));
  return left;
}

}  // namespace eider::reduce
