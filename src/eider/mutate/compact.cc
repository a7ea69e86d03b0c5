#include "eider/mutate/compact.h"

#include <algorithm>
#include <atomic>
#include <mutex>

#include "eider/base/error.h"
#include "eider/base/memory_budget.h"
#include "eider/base/task_pool.h"
#include "eider/mutate/commit_files.h"
#include "eider/mutate/retry.h"
#include "eider/mutate/rewrite_group.h"
#include "eider/mutate/write.h"
#include "eider/table/commit.h"

namespace eider::mutate {
namespace {

/// Of the budget, for each group that is being written.
constexpr uint64_t kGroupBytes = 128 << 20;

/// A group, and its files until they are committed.
struct Work {
  CompactionGroup plan;
  RewrittenGroup done;
  std::unique_ptr<NewDataFiles> files;
  std::atomic<bool> is_done{false};
};

/// The files of several groups.
struct FilesOfWorks {
  const std::vector<Work*>& works;
  void Keep() const {
    for (const Work* work : works) work->files->Keep();
  }
};

void Add(const CompactionMetrics& more, CompactionMetrics* sum) {
  sum->fragments_removed += more.fragments_removed;
  sum->fragments_added += more.fragments_added;
  sum->files_removed += more.files_removed;
  sum->files_added += more.files_added;
}

/// Writes groups of one version side by side, and commits what is finished from the front now and then.
class Round {
 public:
  Round(const table::Snapshot& read, const std::vector<CompactionGroup>& groups, const CompactionOptions& options,
        const std::shared_ptr<Session>& session)
      : options_(options), table_(std::make_shared<const query::TableReader>(read, session)), works_(groups.size()) {
    compacted_.snapshot = read;
    for (size_t i = 0; i < groups.size(); ++i) works_[i].plan = groups[i];
  }

  void Run() {
    const std::shared_ptr<Session>& session = table_->session();
    TaskPool& pool = session->cpu_pool();
    const size_t threads = static_cast<size_t>(std::max(0, pool.num_threads())) + 1;
    const size_t most = std::max<uint64_t>(1, session->budget().limit_bytes() / kGroupBytes);
    std::atomic<size_t> next{0};
    pool.ParallelFor(std::min({works_.size(), threads, most}), [&](size_t) {
      try {
        for (size_t i = next++; i < works_.size(); i = next++) {
          Write(&works_[i]);
          CommitIfTime();
        }
      } catch (...) {
        next = works_.size();  // the other lanes need not go on
        throw;
      }
    });
    std::lock_guard lock(mutex_);
    CommitDone();
  }

  const Compacted& compacted() const { return compacted_; }
  /// Why groups were left out, if any were.
  const std::exception_ptr& conflict() const { return conflict_; }

 private:
  void Write(Work* work) {
    work->files = std::make_unique<NewDataFiles>(table_->snapshot().store, CompactedFiles(table_->snapshot(), options_, table_->session()));
    work->done = RewriteGroup(*table_, work->plan, work->files.get());
    work->is_done = true;
  }

  void CommitIfTime() {
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock && std::chrono::steady_clock::now() - committed_at_ >= options_.commit_interval) CommitDone();
  }

  void CommitDone() {
    std::vector<Work*> rows, files;
    for (; first_ < works_.size() && works_[first_].is_done; ++first_) {
      Work& work = works_[first_];
      (work.plan.merges_files ? files : rows).push_back(&work);
    }
    CommitStanding(std::move(rows));
    CommitStanding(std::move(files));
    committed_at_ = std::chrono::steady_clock::now();
  }

  /// Those that others changed meanwhile are left out.
  void CommitStanding(std::vector<Work*> works) {
    for (table::Snapshot on = table_->snapshot(); !works.empty();) {
      try {
        compacted_.snapshot = Commit(on, works);
        for (Work* work : works) {
          Add(work->done.metrics, &compacted_.metrics);
          work->files.reset();
        }
        return;
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::kRetryableConflict) throw;
        conflict_ = std::current_exception();
      }
      on = table::LoadSnapshot(table_->snapshot().store);
      std::erase_if(works, [&](const Work* work) { return !StandsIn(*on.manifest, work->done); });
    }
  }

  table::Snapshot Commit(const table::Snapshot& on, const std::vector<Work*>& works) {
    table::TransactionProto transaction = table::NewTransaction(on.version());
    for (const Work* work : works) AddTo(work->done, &transaction);
    FilesOfWorks files{works};
    return CommitFiles(&files, [&] { return table::Commit(on, std::move(transaction), {.sync = SyncsFor(options_.change.durability)}); });
  }

  const CompactionOptions& options_;
  const std::shared_ptr<const query::TableReader> table_;
  std::vector<Work> works_;
  std::mutex mutex_;  ///< of what follows
  size_t first_ = 0;  ///< that is not committed
  std::chrono::steady_clock::time_point committed_at_ = std::chrono::steady_clock::now();
  Compacted compacted_;
  std::exception_ptr conflict_;
};

void RequireSense(const table::Snapshot& read, const CompactionOptions& options) {
  if (options.target_rows_per_fragment == 0) throw Invalid("compaction: target_rows_per_fragment is 0");
  if (options.max_small_files == 0) throw Invalid("compaction: max_small_files is 0");
  WritableVersion(read.manifest->data_storage_version());
}

}  // namespace

Compacted CompactFiles(const table::Snapshot& read, const CompactionOptions& options, const std::shared_ptr<Session>& session) {
  RequireSense(read, options);
  CompactionMetrics metrics;
  table::Snapshot moved = read;
  moved.is_serializable = false;  // no row changes, whatever was read
  return RunWithRetries(std::move(moved), options.change, [&](const table::Snapshot& now) -> Compacted {
    const std::vector<CompactionGroup> groups = PlanCompaction(*std::make_shared<const query::TableReader>(now, session), options);
    if (groups.empty()) return {now, metrics};
    Round round(now, groups, options, session);
    round.Run();
    Add(round.compacted().metrics, &metrics);
    if (round.conflict()) std::rethrow_exception(round.conflict());
    return {round.compacted().snapshot, metrics};
  });
}

Compacted CompactGroups(const table::Snapshot& read, const std::vector<CompactionGroup>& groups, const CompactionOptions& options,
                        const std::shared_ptr<Session>& session) {
  RequireSense(read, options);
  Round round(read, groups, options, session);
  round.Run();
  return round.compacted();
}

}  // namespace eider::mutate
