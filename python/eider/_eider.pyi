"""The native module. Its classes are internal: use the package ``eider``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

__version__: Final[str]

_Outputs: TypeAlias = Sequence[tuple[str, Sequence[str]]] | None

class Schema:
    def __init__(self, source: Any) -> None: ...
    @property
    def names(self) -> list[str]: ...
    @property
    def types(self) -> list[str]: ...
    @property
    def metadata(self) -> dict[bytes, bytes]: ...
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object: ...

class Field:
    @property
    def name(self) -> str: ...
    def __arrow_c_schema__(self) -> object: ...

class RecordBatch:
    def __init__(self, source: Any) -> None: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def num_rows(self) -> int: ...
    @property
    def num_columns(self) -> int: ...
    def __len__(self) -> int: ...
    def slice(self, offset: int, length: int) -> RecordBatch: ...
    def import_with(self, import_: Callable[[int, Any], Any], schema: Any) -> Any: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]: ...

class RecordBatchReader:
    @staticmethod
    def from_stream(source: Any) -> RecordBatchReader: ...
    @staticmethod
    def from_iterator(source: Iterable[Any], schema: Any) -> RecordBatchReader: ...
    @property
    def schema(self) -> Schema: ...
    def read_all(self) -> RecordBatchReader: ...
    def __iter__(self) -> Iterator[RecordBatch]: ...
    def __next__(self) -> RecordBatch: ...
    def cancel(self) -> None: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object: ...

class LanceField:
    def name(self) -> str: ...
    def id(self) -> int: ...
    def children(self) -> list[LanceField]: ...
    @property
    def parent_id(self) -> int: ...
    @property
    def logical_type(self) -> str: ...
    @property
    def nullable(self) -> bool: ...
    @property
    def metadata(self) -> dict[str, str]: ...
    def is_unenforced_primary_key(self) -> bool: ...
    def to_arrow(self) -> Any: ...
    def __arrow_c_schema__(self) -> object: ...

def no_column(asked: str, names: list[str]) -> str: ...

class LanceSchema:
    @staticmethod
    def from_pyarrow(schema: Any) -> LanceSchema: ...
    def fields(self) -> list[LanceField]: ...
    def field(self, name: str) -> LanceField | None: ...
    @property
    def metadata(self) -> dict[str, str]: ...
    @property
    def max_field_id(self) -> int: ...
    def to_pyarrow(self) -> Any: ...
    def __arrow_c_schema__(self) -> object: ...

class Session:
    def __init__(self, memory_limit: int = 0, cpu_threads: int = -1, io_threads: int = -1, verify: bool = True) -> None: ...
    @staticmethod
    def default() -> Session: ...
    @property
    def memory_limit(self) -> int: ...
    @property
    def memory_used(self) -> int: ...
    def is_same_as(self, other: Session) -> bool: ...

class ScanStats:
    def __init__(self) -> None: ...
    @property
    def requests(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def rounds(self) -> int: ...
    @property
    def bytes_copied(self) -> int: ...
    @property
    def rows_filtered(self) -> int: ...
    @property
    def rows_read(self) -> int: ...
    @property
    def filter_read_ns(self) -> int: ...
    @property
    def filter_ns(self) -> int: ...
    @property
    def sort_ns(self) -> int: ...
    @property
    def read_ns(self) -> int: ...

class WriteMode:
    CREATE: Final[WriteMode]
    APPEND: Final[WriteMode]
    OVERWRITE: Final[WriteMode]

class Durability:
    DEFAULT: Final[Durability]
    FULL: Final[Durability]
    NONE: Final[Durability]

class VersionInfo:
    version: int
    timestamp_ns: int
    metadata: dict[str, str]

class DataFileInfo:
    path: str
    field_ids: list[int]
    column_indices: list[int]
    major: int
    minor: int
    size_bytes: int

class FieldSize:
    field_id: int
    num_pages: int
    num_items: int
    size_bytes: int

class FragmentInfo:
    id: int
    physical_rows: int
    deleted_rows: int
    files: list[DataFileInfo]
    deletion_file: str

class SqlExpression:
    def __init__(self, text: str, parameters: Any = None, named: bool = False) -> None: ...
    @staticmethod
    def from_substrait(message: bytes) -> SqlExpression: ...
    @property
    def text(self) -> str: ...

class WhenMatched:
    DO_NOTHING: Final[WhenMatched]
    UPDATE_ALL: Final[WhenMatched]
    FAIL: Final[WhenMatched]
    DELETE: Final[WhenMatched]

_Metrics: TypeAlias = tuple[int, int, int, int]
_Rewrite: TypeAlias = tuple[int, list[bytes], list[bytes], bool, _Metrics]

class CompactionOptions:
    target_rows_per_fragment: int
    target_bytes_per_fragment: int
    max_bytes_per_file: int
    materialize_deletions: bool
    materialize_deletions_threshold: float
    max_small_files: int
    files_only: bool
    max_source_fragments: int | None
    max_source_rows: int | None
    max_source_bytes: int | None
    excluded_fragment_ids: list[int]
    commit_seconds: float
    durability: Durability
    def __init__(self) -> None: ...

class MergeInsertOptions:
    rewrites_columns: bool
    on: list[str]
    when_matched: WhenMatched
    update_condition: SqlExpression | None
    insert_not_matched: bool
    delete_not_matched_by_source: bool
    delete_condition: SqlExpression | None
    def __init__(self) -> None: ...
    def limit_retries(self, conflict_retries: int, retry_seconds: float, durability: Durability, serializable: bool) -> None: ...

class ColumnProfile:
    path: str
    type: str
    field_id: int
    num_values: int
    num_nulls: int
    num_distinct: int | None
    is_estimate: bool
    mean: float | None
    top_counts: list[int]
    extremes: RecordBatch | None
    top_values: RecordBatch | None
    lengths: tuple[int, int, float] | None

class ScanOptions:
    columns: Sequence[str] | None
    filter: SqlExpression | None
    limit: int | None
    offset: int | None
    fragment_ids: Sequence[int] | None
    batch_rows: int
    batch_bytes: int
    strict_batches: bool
    in_order: bool
    include_deleted_rows: bool
    late: LateColumns
    late_columns: Sequence[str]
    blob_handling: BlobHandling
    with_row_id: bool
    with_row_address: bool
    def __init__(self) -> None: ...
    def copy(self) -> ScanOptions: ...
    def add_computed(self, name: str, expression: SqlExpression) -> None: ...
    def add_sort_key(self, column: str, ascending: bool, nulls_first: bool) -> None: ...

class Dataset:
    @property
    def uri(self) -> str: ...
    @property
    def location(self) -> str: ...
    @property
    def version(self) -> int: ...
    def latest_version(self) -> int: ...
    def versions(self) -> list[VersionInfo]: ...
    def checkout_version(self, version: int) -> Dataset: ...
    def checkout_latest(self) -> Dataset: ...
    def serializable(self) -> Dataset: ...
    @property
    def is_serializable(self) -> bool: ...
    @property
    def lance_schema(self) -> LanceSchema: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def data_storage_version(self) -> str: ...
    def config(self) -> dict[str, str]: ...
    def table_metadata(self) -> dict[str, str]: ...
    def fragments(self) -> list[FragmentInfo]: ...
    def field_sizes(self) -> list[FieldSize]: ...
    def session(self) -> Session: ...
    def count_rows(self) -> int: ...
    def scan(
        self, options: ScanOptions, outputs: _Outputs = None, stats: ScanStats | None = None, distinct: bool = False
    ) -> RecordBatchReader: ...
    def run_aggregates(
        self, options: ScanOptions, aggregates: Sequence[tuple[str, SqlExpression]], stats: ScanStats | None = None
    ) -> RecordBatch: ...
    def profile_columns(
        self, columns: Sequence[str] | None = None, stats: ScanStats | None = None
    ) -> list[ColumnProfile]: ...
    def explain_scan(self, options: ScanOptions) -> str: ...
    def count_scan(self, options: ScanOptions, stats: ScanStats | None = None) -> int: ...
    def take(
        self,
        rows: Any,
        columns: Sequence[str] | None = None,
        outputs: _Outputs = None,
        with_row_id: bool = False,
        with_row_address: bool = False,
        stats: ScanStats | None = None,
        computed: Sequence[tuple[str, str]] = ...,
        naming: RowNaming = ...,
        skip_missing: bool = False,
    ) -> RecordBatch: ...
    def read_range(
        self,
        first: int,
        count: int,
        columns: Sequence[str] | None = None,
        outputs: _Outputs = None,
        stats: ScanStats | None = None,
    ) -> RecordBatch: ...
    def add_from_reader(self, data: RecordBatchReader, durability: Durability = ...) -> Dataset: ...
    def add_from_function(
        self,
        function: Callable[[RecordBatch], Any],
        output_schema: Any,
        read_columns: Sequence[str] | None = None,
        batch_rows: int = 8192,
        durability: Durability = ...,
    ) -> Dataset: ...
    def add_computed(self, columns: Sequence[tuple[str, SqlExpression]], durability: Durability = ...) -> Dataset: ...
    def alter_columns(
        self, alterations: Sequence[tuple[str, str | None, bool | None, Any]], durability: Durability = ...
    ) -> Dataset: ...
    def update_config(
        self,
        config: Mapping[str, str | None] | None = None,
        table_metadata: Mapping[str, str | None] | None = None,
        schema_metadata: Mapping[str, str | None] | None = None,
        field_metadata: Mapping[str, Mapping[str, str | None]] = ...,
        replace: bool = False,
        durability: Durability = ...,
    ) -> Dataset: ...
    def fragment_messages(self, fragment_id: int | None = None) -> list[bytes]: ...
    def read_transaction(self, version: int) -> bytes | None: ...
    def delete_from_fragment(self, fragment_id: int, filter: SqlExpression) -> bytes | None: ...
    def delete_rows_from_fragment(self, fragment_id: int, offsets: Sequence[int]) -> bytes | None: ...
    def compute_fragment_columns(
        self, fragment_id: int, columns: Sequence[tuple[str, SqlExpression]]
    ) -> tuple[bytes, LanceSchema, list[int]]: ...
    def add_fragment_columns(
        self, fragment_id: int, data: RecordBatchReader, replace: bool = False
    ) -> tuple[bytes, LanceSchema, list[int]]: ...
    def join_columns(self, right: RecordBatchReader, left_on: str, right_on: str) -> Dataset: ...
    def join_to_fragment(
        self, fragment_id: int, right: RecordBatchReader, left_on: str, right_on: str
    ) -> tuple[bytes, LanceSchema, list[int]]: ...
    def update_fragment_columns(
        self, fragment_id: int, right: RecordBatchReader, left_on: str, right_on: str
    ) -> tuple[bytes, list[int], bytes]: ...
    def add_nulls(self, schema: Any, durability: Durability = ...) -> Dataset: ...
    def delete(
        self,
        filter: SqlExpression | None,
        conflict_retries: int,
        retry_seconds: float,
        durability: Durability = ...,
        serializable: bool = False,
    ) -> tuple[Dataset, int]: ...
    def update(
        self,
        updates: Sequence[tuple[str, SqlExpression]],
        filter: SqlExpression | None,
        conflict_retries: int,
        retry_seconds: float,
        durability: Durability = ...,
        serializable: bool = False,
    ) -> tuple[Dataset, int]: ...
    def merge_insert(self, source: RecordBatchReader, options: MergeInsertOptions) -> tuple[Dataset, int, int, int]: ...
    def merge_insert_uncommitted(
        self, source: RecordBatchReader, options: MergeInsertOptions, keep_files: bool = True
    ) -> tuple[bytes, int, int, int]: ...
    def explain_merge_insert(self, schema: Any, options: MergeInsertOptions, verbose: bool = False) -> str: ...
    def deduplicate(
        self,
        on: list[str],
        keep_last: bool,
        dry_run: bool,
        max_listed: int,
        conflict_retries: int,
        retry_seconds: float,
        durability: Durability = ...,
    ) -> tuple[Dataset, int, int, int, int, list[int]]: ...
    def compact_files(self, options: CompactionOptions) -> tuple[Dataset, _Metrics]: ...
    def plan_compaction(self, options: CompactionOptions) -> list[tuple[int, list[bytes], bool]]: ...
    def execute_compaction(self, task: tuple[int, list[bytes], bool], options: CompactionOptions) -> _Rewrite: ...
    def commit_compaction(self, rewrites: list[_Rewrite], options: CompactionOptions) -> tuple[Dataset, _Metrics]: ...
    def drop_columns(self, columns: Sequence[str], durability: Durability = ...) -> Dataset: ...

_Reference: TypeAlias = int | str | tuple[str | None, int | None] | None

def open_dataset(uri: str, reference: _Reference = None, session: Session | None = None) -> Dataset: ...

class TagInfo:
    branch: str | None
    version: int
    created_ns: int | None
    updated_ns: int | None
    manifest_bytes: int
    metadata: dict[str, str]

class BranchInfo:
    parent: str | None
    lineage: list[tuple[int, str]]
    parent_version: int
    created_s: int
    manifest_bytes: int
    metadata: dict[str, str]

class BasePath:
    id: int
    name: str | None
    path: str
    is_dataset_root: bool

class CleanupStats:
    bytes_removed: int
    old_versions: int
    data_files_removed: int
    transaction_files_removed: int
    index_files_removed: int
    deletion_files_removed: int
    failed_deletes: int

class CleanupKind:
    MANIFEST: Final[CleanupKind]
    TEMPORARY_MANIFEST: Final[CleanupKind]
    DATA: Final[CleanupKind]
    DELETION: Final[CleanupKind]
    TRANSACTION: Final[CleanupKind]
    INDEX: Final[CleanupKind]
    @property
    def name(self) -> str: ...

class CleanupFile:
    path: str
    kind: CleanupKind
    is_unverified: bool
    size_bytes: int

class CleanupBranch:
    name: str
    version: int
    is_needed: bool

class CleanupExplanation:
    read_version: int
    stats: CleanupStats
    files: list[CleanupFile]
    branches: list[CleanupBranch]
    warnings: list[str]

def checkout(dataset: Dataset, reference: _Reference) -> Dataset: ...
def restore(dataset: Dataset) -> Dataset: ...
def version_info(dataset: Dataset) -> VersionInfo: ...
def version_numbers(dataset: Dataset) -> list[int]: ...
def branch(dataset: Dataset) -> str | None: ...
def base_paths(dataset: Dataset) -> list[BasePath]: ...
def has_stable_row_ids(dataset: Dataset) -> bool: ...
def tags(dataset: Dataset) -> dict[str, TagInfo]: ...
def tag(dataset: Dataset, name: str) -> TagInfo: ...
def create_tag(dataset: Dataset, name: str, reference: _Reference) -> None: ...
def update_tag(dataset: Dataset, name: str, reference: _Reference) -> None: ...
def set_tag_metadata(dataset: Dataset, name: str, metadata: dict[str, str]) -> None: ...
def delete_tag(dataset: Dataset, name: str) -> None: ...
def branches(dataset: Dataset) -> dict[str, BranchInfo]: ...
def create_branch(dataset: Dataset, name: str, reference: _Reference) -> Dataset: ...
def set_branch_metadata(dataset: Dataset, name: str, metadata: dict[str, str]) -> None: ...
def delete_branch(dataset: Dataset, name: str) -> None: ...
def clone(dataset: Dataset, uri: str, reference: _Reference, shallow: bool) -> Dataset: ...
def cleanup_old_versions(
    dataset: Dataset,
    older_than_us: int | None,
    retain_versions: int | None,
    versions: Sequence[int] | None,
    delete_unverified: bool,
    error_if_tagged: bool,
    deletes_per_second: int | None,
) -> CleanupStats: ...
def explain_cleanup(
    dataset: Dataset,
    older_than_us: int | None,
    retain_versions: int | None,
    versions: Sequence[int] | None,
    delete_unverified: bool,
    error_if_tagged: bool,
) -> CleanupExplanation: ...
def write_uncommitted(
    data: RecordBatchReader,
    uri: str,
    mode: WriteMode,
    data_storage_version: str,
    max_rows_per_file: int,
    max_bytes_per_file: int,
    max_page_bytes: int = ...,
    external_blobs: ExternalBlobs = ...,
    session: Session | None = None,
) -> bytes: ...
def commit_transaction(
    uri: str,
    transaction: bytes,
    max_retries: int = 20,
    detached: bool = False,
    enable_v2_manifest_paths: bool = True,
    enable_stable_row_ids: bool = False,
    durability: Durability = ...,
    session: Session | None = None,
    unchanged: bool = False,
) -> Dataset: ...
def field_messages(schema: LanceSchema) -> list[bytes]: ...
def schema_of_messages(fields: Sequence[bytes], metadata: Mapping[str, bytes]) -> LanceSchema: ...
def metadata_of_schema(schema: LanceSchema) -> dict[str, bytes]: ...
def write_dataset(
    data: RecordBatchReader,
    uri: str,
    mode: WriteMode = ...,
    data_storage_version: str = "",
    *,
    max_rows_per_file: int,
    max_bytes_per_file: int,
    checksums: bool = True,
    enable_v2_manifest_paths: bool = True,
    enable_stable_row_ids: bool = False,
    transaction_properties: dict[str, str] = ...,
    table_metadata: dict[str, str] = ...,
    config: dict[str, str] = ...,
    external_blobs: ExternalBlobs = ...,
    blob_pack_file_bytes: int = 0,
    compact: bool = False,
    column_options: dict[str, dict[str, str]] = ...,
    max_page_bytes: int = ...,
    durability: Durability = ...,
    session: Session | None = None,
    unchanged_since: int | None = None,
) -> Dataset: ...

class FileReader:
    @staticmethod
    def open(path: str, session: Session | None = None, verify: bool = True) -> FileReader: ...
    @property
    def num_rows(self) -> int: ...
    @property
    def version(self) -> str: ...
    @property
    def lance_schema(self) -> LanceSchema: ...
    @property
    def schema(self) -> Schema: ...
    @property
    def num_global_buffers(self) -> int: ...
    def read_range(
        self, first: int, count: int, columns: Sequence[str] | None = None, stats: ScanStats | None = None
    ) -> RecordBatch: ...
    def take(
        self, positions: Any, columns: Sequence[str] | None = None, stats: ScanStats | None = None
    ) -> RecordBatch: ...
    def read_global_buffer(self, index: int) -> bytes: ...
    def describe(self, json: bool = False) -> str: ...

class FileWriter:
    @staticmethod
    def create(
        path: str,
        schema: Any,
        version: str = "2.2",
        buffered_bytes: int | None = None,
        max_page_bytes: int | None = None,
        checksums: bool = True,
        compact: bool = False,
        column_options: dict[str, dict[str, str]] = ...,
        session: Session | None = None,
    ) -> FileWriter: ...
    def write_all(self, data: RecordBatchReader) -> None: ...
    def add_global_buffer(self, data: bytes) -> int: ...
    def add_schema_metadata(self, key: str, value: str) -> None: ...
    def close(self) -> int: ...

class Loader:
    @property
    def schema(self) -> Schema: ...
    @property
    def field_metadata(self) -> list[tuple[str, dict[str, bytes]]]: ...
    @property
    def num_batches(self) -> int: ...
    def set_shapes(self, shapes: dict[str, list[int]]) -> None: ...
    def with_dataset(self, dataset: Dataset, stride: int) -> Loader: ...
    def set_epoch(self, epoch: int) -> None: ...
    def start(self, position: int) -> None: ...
    def next(self) -> dict[str, Any] | None: ...
    def state(self) -> dict[str, int]: ...
    def stats(self) -> dict[str, int]: ...
    def batch_positions(self, index: int) -> list[int]: ...
    def rows(self) -> list[int] | None: ...

def make_loader(
    dataset: Dataset,
    columns: list[str] | None,
    batch_size: int,
    shuffle: bool,
    seed: int,
    rank: int,
    world_size: int,
    drop_last: bool,
    rows: Any,
    prefetch: int,
    nulls: str,
) -> Loader: ...

class LateColumns:
    BY_COST: LateColumns
    ALL: LateColumns
    NONE: LateColumns
    NAMED: LateColumns

class BlobHandling:
    DESCRIPTIONS: BlobHandling
    BINARY: BlobHandling

class ExternalBlobs:
    REFUSE: ExternalBlobs
    REFERENCE: ExternalBlobs
    INGEST: ExternalBlobs

class RowNaming:
    POSITION: RowNaming
    ADDRESS: RowNaming
    ID: RowNaming

class Blob:
    @property
    def size(self) -> int: ...
    @property
    def path(self) -> str: ...
    @property
    def offset(self) -> int: ...
    def read(self, offset: int, length: int, stats: ScanStats | None = None) -> bytes: ...
    def read_into(self, offset: int, target: Any) -> int: ...

def take_blobs(
    dataset: Dataset, column: str, rows: Any, naming: RowNaming, stats: ScanStats | None = None
) -> list[tuple[int, Blob | None]]: ...
def read_blobs(
    dataset: Dataset, column: str, rows: Any, naming: RowNaming, stats: ScanStats | None = None
) -> list[tuple[int, bytes | None]]: ...
