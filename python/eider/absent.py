"""What ``pylance`` has and this version lacks: using it is refused by name, and ``hasattr`` tells that it is not there."""

from __future__ import annotations

from .error import UnsupportedError

__all__ = ["AbsentError", "Refusing", "RefusingType", "refuse_absent"]


class AbsentError(UnsupportedError, AttributeError):
    """A part of the reference's API that is not implemented yet."""


#: Absent names of the package, of its modules and of its classes.
_ABSENT: dict[str, frozenset[str]] = {
    "eider": frozenset(
        """
        BlobDescriptor
        BlobDescriptorArrayBuilder
        CompactedSsTable
        DedicatedBlobWriter
        ExecutionPlan
        FFILanceTableProvider
        FtsToken
        Index
        IndexFile
        IndexProgress
        LsmPointLookupPlanner
        LsmScanner
        LsmVectorSearchPlanner
        PackedBlobWriter
        ShardSnapshot
        ShardWriter
        ShardingField
        ShardingSpec
        arrow
        download
        evaluate_sharding_spec
        hf
        indices
        io
        log
        mem_wal
        namespace
        otel
        pydantic
        query
        sampler
        set_logger
        simd_info
        tokenize
        tracing
        types
        util
        vector
        """.split()
    ),
    "eider.dataset": frozenset(
        """
        BatchUDFCheckpoint
        Bitmap
        DocumentGranularity
        FullTextQuery
        IndexConfig
        IndexInformation
        IndexSegment
        MinHashQuery
        PySearchFilter
        SupportedDistributedIndices
        VectorIndexReader
        VectorSearchQuery
        serialize_row_addrs
        """.split()
    ),
    "eider.fragment": frozenset(
        """
        Bitmap
        RowIdSequence
        """.split()
    ),
    "eider.udf": frozenset(
        """
        BatchUDFCheckpoint
        """.split()
    ),
    "LanceDataset": frozenset(
        """
        centroids
        commit_existing_index_segments
        create_index
        create_index_uncommitted
        create_scalar_index
        describe_indices
        drop_index
        from_pydantic_model
        get_ivf_model
        has_index
        index_statistics
        initialize_mem_wal
        list_indices
        mem_wal_index_details
        mem_wal_writer
        merge_existing_index_segments
        merge_index_metadata
        partition_expression
        prewarm_index
        remap_row_addrs
        replace_schema
        storage_options_accessor
        """.split()
    ),
    "DatasetOptimizer": frozenset(
        """
        optimize_indices
        """.split()
    ),
    "LanceFragment": frozenset(
        """
        partition_expression
        """.split()
    ),
    "LanceStats": frozenset(
        """
        index_stats
        """.split()
    ),
    "LanceOperation": frozenset(
        """
        Clone
        CreateIndex
        DataOverlay
        DataOverlayFile
        DataOverlayGroup
        RewrittenIndex
        """.split()
    ),
    "LanceScanner": frozenset(
        """
        from_batches
        """.split()
    ),
    "ScannerBuilder": frozenset(
        """
        disable_scoring_autoprojection
        fast_search
        full_text_search
        minhash_search
        nearest
        row_addr_prefilter
        substrait_aggregate
        with_index_segments
        """.split()
    ),
    "MergeInsertBuilder": frozenset(
        """
        mark_sstables_as_compacted
        """.split()
    ),
}


def refuse_absent(owner: str, name: str, kind: str = "object") -> AttributeError:
    """The error for a name that ``owner``, the package or a class, does not have."""
    if name in _ABSENT.get(owner, ()):
        return AbsentError(f"{owner}.{name} is not supported yet")
    return AttributeError(f"{owner!r} {kind} has no attribute {name!r}")


def _owner(cls: type) -> str:
    """Name of the class, or of the one that it was derived from, whose absent names are listed."""
    return next((base.__name__ for base in cls.__mro__ if base.__name__ in _ABSENT), cls.__name__)


class RefusingType(type):
    """Refuses what is looked up on the class itself, such as static methods."""

    def __getattr__(cls, name: str) -> object:
        raise refuse_absent(_owner(cls), name, "class")


class Refusing(metaclass=RefusingType):
    """Base of the classes whose absent members are refused by name."""

    def __getattr__(self, name: str) -> object:
        raise refuse_absent(_owner(type(self)), name)
