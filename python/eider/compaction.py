"""Compaction in parts: a plan of tasks that any process executes, and one commit of what came of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from . import _eider
from .arguments import DurabilityName, count_of, durability_of, refuse
from .error import InvalidError
from .fragment_metadata import FragmentMetadata

if TYPE_CHECKING:
    from .changes import DatasetChanges

__all__ = ["Compaction", "CompactionMetrics", "CompactionOptions", "CompactionPlan", "CompactionTask", "RewriteResult", "native_options"]


class CompactionOptions(TypedDict, total=False):
    """Arguments of ``compact_files``."""

    target_rows_per_fragment: int | None
    target_bytes_per_fragment: int | None
    max_rows_per_group: int | None
    max_bytes_per_file: int | None
    materialize_deletions: bool | None
    materialize_deletions_threshold: float | None
    max_small_files: int | None
    num_threads: int | None
    batch_size: int | None
    io_buffer_size: int | None
    compaction_mode: Literal["reencode", "try_binary_copy", "force_binary_copy"] | None
    binary_copy_read_batch_bytes: int | None
    defer_index_remap: bool | None
    max_source_fragments: int | None
    max_source_rows: int | None
    max_source_bytes: int | None
    excluded_fragment_ids: list[int] | None
    data_storage_version: str | None
    commit_seconds: float | None
    durability: DurabilityName | None


@dataclass(frozen=True)
class CompactionMetrics:
    """What a compaction removed and added. Files are data and deletion files."""

    fragments_removed: int
    fragments_added: int
    files_removed: int
    files_added: int


_COUNTS = ("target_rows_per_fragment", "target_bytes_per_fragment", "max_bytes_per_file", "max_small_files",
           "max_source_fragments", "max_source_rows", "max_source_bytes")  # fmt: skip
#: Without meaning: batches follow the width of a row, and all threads work.
_IDLE = ("max_rows_per_group", "num_threads", "batch_size", "io_buffer_size", "binary_copy_read_batch_bytes")


#: The reference's options with what they are unless given; its reader of plans and tasks asks for each.
_REFERENCE_OPTIONS: dict[str, Any] = {
    "target_rows_per_fragment": 1024 * 1024,
    "max_rows_per_group": 1024,
    "max_bytes_per_file": None,
    "materialize_deletions": True,
    "materialize_deletions_threshold": 0.1,
    "num_threads": None,
    "batch_size": None,
    "io_buffer_size": None,
    "defer_index_remap": False,
    "index_remap_mode": "Direct",
    "compaction_mode": None,
    "enable_binary_copy": False,
    "enable_binary_copy_force": False,
    "binary_copy_read_batch_bytes": 16 * 1024 * 1024,
    "max_source_fragments": None,
    "max_source_rows": None,
    "max_source_bytes": None,
    "excluded_fragment_ids": [],
    "max_overlays_per_fragment": 10,
    "data_storage_version": None,
    "has_eager_remappable_index": None,
}
#: Names of modes as the reference spells them in JSON, and as arguments.
_MODES = {"Reencode": "reencode", "TryBinaryCopy": "try_binary_copy", "ForceBinaryCopy": "force_binary_copy"}


def native_options(where: str, options: CompactionOptions) -> _eider.CompactionOptions:
    """The options checked, as the engine takes them."""
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    unknown = sorted(set(given) - set(CompactionOptions.__annotations__))
    if unknown:
        raise InvalidError(f"{where}: no option {unknown[0]!r}; there are {', '.join(sorted(CompactionOptions.__annotations__))}")
    refuse(where, defer_index_remap=given.get("defer_index_remap"), data_storage_version=given.get("data_storage_version"))
    if given.get("compaction_mode") not in (None, "reencode", "try_binary_copy"):
        refuse(where, compaction_mode=given["compaction_mode"])
    native = _eider.CompactionOptions()
    for name in (*_COUNTS, *_IDLE):
        value = count_of(where, name, given.get(name), least=1)
        if value is not None and name in _COUNTS:
            setattr(native, name, value)
    native.excluded_fragment_ids = [count_of(where, "excluded_fragment_ids", each) or 0 for each in given.get("excluded_fragment_ids", ())]
    native.materialize_deletions = given.get("materialize_deletions", True) is not False
    share = float(given.get("materialize_deletions_threshold", 0.1))
    if not 0 <= share <= 1:
        raise InvalidError(f"{where}: materialize_deletions_threshold must be between 0 and 1, got {share}")
    native.materialize_deletions_threshold = share
    seconds = float(given.get("commit_seconds", 10.0))
    if not 0 <= seconds <= 1e9:
        raise InvalidError(f"{where}: commit_seconds must be between 0 and 1e9, got {seconds}")
    native.commit_seconds = seconds
    native.durability = durability_of(given.get("durability"))
    return native


def _fragments(messages: Iterable[bytes]) -> list[FragmentMetadata]:
    return [FragmentMetadata._of_message(message) for message in messages]


def _messages(fragments: Iterable[dict[str, Any]]) -> tuple[bytes, ...]:
    return tuple(FragmentMetadata.from_json(json.dumps(fragment))._message() for fragment in fragments)


def _known(options: dict[str, Any]) -> CompactionOptions:
    """The options of a plan's JSON that are known here, without those that are what they are unless given."""
    known = {name: value for name, value in options.items() if name in CompactionOptions.__annotations__ and value is not None}
    if known.get("compaction_mode") in _MODES:
        known["compaction_mode"] = _MODES[known["compaction_mode"]]
    return {name: value for name, value in known.items() if _REFERENCE_OPTIONS.get(name) != value}  # type: ignore[return-value]


def _shown(options: CompactionOptions) -> dict[str, Any]:
    """The options in the reference's shape. Those that it does not know it passes over."""
    shown: dict[str, Any] = {**_REFERENCE_OPTIONS, **options}
    spelled = {argument: name for name, argument in _MODES.items()}
    return shown | {"compaction_mode": spelled.get(shown["compaction_mode"])}


def _document(where: str, text: str, *keys: str) -> dict[str, Any]:
    document = json.loads(text)
    if not isinstance(document, dict) or any(key not in document for key in keys):
        raise InvalidError(f"{where}: the JSON lacks {', '.join(keys)}")
    return document


@dataclass(frozen=True)
class RewriteResult:
    """What came of a task: it pickles, and goes through JSON. Its files wait for the commit."""

    read_version: int
    metrics: CompactionMetrics
    merges_files: bool
    _before: tuple[bytes, ...]
    _after: tuple[bytes, ...]

    @property
    def original_fragments(self) -> list[FragmentMetadata]:
        """The fragments that were read."""
        return _fragments(self._before)

    @property
    def new_fragments(self) -> list[FragmentMetadata]:
        """The fragments that take their place."""
        return _fragments(self._after)

    def json(self) -> str:
        """The result as JSON text."""
        document: dict[str, Any] = {
            "metrics": asdict(self.metrics),
            "new_fragments": [fragment.to_json() for fragment in self.new_fragments],
            "read_version": self.read_version,
            "original_fragments": [fragment.to_json() for fragment in self.original_fragments],
        }
        return json.dumps(document | ({"merges_files": True} if self.merges_files else {}))

    @staticmethod
    def from_json(text: str) -> RewriteResult:
        """The result that ``json`` gave."""
        given = _document("RewriteResult", text, "metrics", "new_fragments", "read_version", "original_fragments")
        before, after = _messages(given["original_fragments"]), _messages(given["new_fragments"])
        return RewriteResult(given["read_version"], CompactionMetrics(**given["metrics"]), given.get("merges_files", False), before, after)


@dataclass(frozen=True)
class CompactionTask:
    """Fragments to be written together, or one whose small files are (``merges_files``). It pickles, and goes through JSON."""

    read_version: int
    merges_files: bool
    _messages: tuple[bytes, ...]
    _options: CompactionOptions

    @property
    def fragments(self) -> list[FragmentMetadata]:
        """The fragments that are read."""
        return _fragments(self._messages)

    def execute(self, dataset: DatasetChanges) -> RewriteResult:
        """Write the new files, in any process. Without a commit they stay behind as orphans."""
        options = self._options.copy()
        if options.get("data_storage_version") == dataset._native.data_storage_version:
            del options["data_storage_version"]  # the reference's plans name the version that files have anyway
        native = native_options("CompactionTask.execute", options)
        task = (self.read_version, list(self._messages), self.merges_files)
        version, before, after, merges_files, metrics = dataset._native.execute_compaction(task, native)
        return RewriteResult(version, CompactionMetrics(*metrics), merges_files, tuple(before), tuple(after))

    def _part(self) -> dict[str, Any]:
        part: dict[str, Any] = {"fragments": [fragment.to_json() for fragment in self.fragments]}
        return part | ({"merges_files": True} if self.merges_files else {})

    def json(self) -> str:
        """The task as JSON text."""
        return json.dumps({"task": self._part(), "read_version": self.read_version, "options": _shown(self._options)})

    @staticmethod
    def _of(part: dict[str, Any], read_version: int, options: CompactionOptions) -> CompactionTask:
        return CompactionTask(read_version, part.get("merges_files", False), _messages(part["fragments"]), options)

    @staticmethod
    def from_json(text: str) -> CompactionTask:
        """The task that ``json`` gave."""
        given = _document("CompactionTask", text, "task", "read_version")
        return CompactionTask._of(given["task"], given["read_version"], _known(given.get("options", {})))


@dataclass(frozen=True)
class CompactionPlan:
    """The tasks of a compaction of one version. It pickles, and goes through JSON."""

    read_version: int
    tasks: list[CompactionTask]
    _options: CompactionOptions

    def num_tasks(self) -> int:
        """How many tasks there are."""
        return len(self.tasks)

    def json(self) -> str:
        """The plan as JSON text."""
        return json.dumps({"tasks": [task._part() for task in self.tasks], "read_version": self.read_version, "options": _shown(self._options)})

    @staticmethod
    def from_json(text: str) -> CompactionPlan:
        """The plan that ``json`` gave."""
        given = _document("CompactionPlan", text, "tasks", "read_version")
        options = _known(given.get("options", {}))
        tasks = [CompactionTask._of(part, given["read_version"], options) for part in given["tasks"]]
        return CompactionPlan(given["read_version"], tasks, options)


class Compaction:
    """Compaction as a plan, the execution of its tasks, and a commit; or all at once."""

    @staticmethod
    def plan(dataset: DatasetChanges, options: CompactionOptions | None = None) -> CompactionPlan:
        """What there is to do in the dataset's version. Options: the arguments of ``ds.optimize.compact_files``."""
        given = _known(dict(options or {}))
        native = native_options("Compaction.plan", options or {})
        tasks = [CompactionTask(version, merges_files, tuple(messages), given)
                 for version, messages, merges_files in dataset._native.plan_compaction(native)]  # fmt: skip
        return CompactionPlan(dataset._native.version, tasks, given)

    @staticmethod
    def commit(dataset: DatasetChanges, rewrites: Iterable[RewriteResult], options: CompactionOptions | None = None) -> CompactionMetrics:
        """Commit what workers did. The dataset moves to the new version.

        Raises:
            RetryableConflictError: another writer changed one of the fragments meanwhile. Nothing was committed, but for rows that were
                written anew where it is merged files that conflict: those are a version of their own.
            InvalidError: results that contradict each other.
        """
        given = [(each.read_version, list(each._before), list(each._after), each.merges_files, tuple(asdict(each.metrics).values()))
                 for each in rewrites]  # fmt: skip
        dataset._native, metrics = dataset._native.commit_compaction(given, native_options("Compaction.commit", options or {}))
        return CompactionMetrics(*metrics)

    @staticmethod
    def execute(dataset: DatasetChanges, options: CompactionOptions | None = None) -> CompactionMetrics:
        """As ``ds.optimize.compact_files``."""
        dataset._native, metrics = dataset._native.compact_files(native_options("Compaction.execute", options or {}))
        return CompactionMetrics(*metrics)
