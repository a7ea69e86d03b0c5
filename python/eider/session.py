"""Sessions: who shares a memory budget, caches and threads."""

from __future__ import annotations

from . import _eider
from .arguments import count_of, hint_of, refuse

__all__ = ["Session"]


class Session:
    """A memory budget, its caches and two thread pools, shared by the datasets opened with it.

    Without one, datasets share the session of the process.

    Args:
        memory_limit: Bytes that caches, buffers and builds may hold together. None: EIDER_MEMORY_LIMIT, else half of
            the smaller of the cgroup's limit and the machine's memory. Arrays handed to the caller are not charged.
        cpu_threads: Threads that decode. None: EIDER_CPU_THREADS, else as many as the process may use cores.
            0: the calling thread.
        io_threads: Threads that read. None: EIDER_IO_THREADS, else 8. 0: the calling thread.
        verify: Check what is read of data files that have checksums. See ``docs/guide/files.md``.
        index_cache_size_bytes, metadata_cache_size_bytes: Hints, taken without effect: ``memory_limit`` bounds all caches
            together.
        index_cache_backend, metadata_cache_backend, store_registry: Not supported.
    """

    def __init__(
        self,
        index_cache_size_bytes: int | None = None,
        metadata_cache_size_bytes: int | None = None,
        index_cache_backend: object = None,
        metadata_cache_backend: object = None,
        store_registry: object = None,
        *,
        memory_limit: int | None = None,
        cpu_threads: int | None = None,
        io_threads: int | None = None,
        verify: bool = True,
    ) -> None:
        refuse(
            "Session",
            index_cache_backend=index_cache_backend,
            metadata_cache_backend=metadata_cache_backend,
            store_registry=store_registry,
        )
        hint_of("Session", "index_cache_size_bytes", index_cache_size_bytes)
        hint_of("Session", "metadata_cache_size_bytes", metadata_cache_size_bytes)
        limit = count_of("Session", "memory_limit", memory_limit, least=1)
        cpu = count_of("Session", "cpu_threads", cpu_threads)
        io = count_of("Session", "io_threads", io_threads)
        self._native = _eider.Session(
            memory_limit=limit or 0,
            cpu_threads=-1 if cpu is None else cpu,
            io_threads=-1 if io is None else io,
            verify=bool(verify),
        )

    @classmethod
    def _wrap(cls, native: _eider.Session) -> Session:
        session = cls.__new__(cls)
        session._native = native
        return session

    @property
    def memory_limit(self) -> int:
        """The budget in bytes."""
        return self._native.memory_limit

    @property
    def memory_used(self) -> int:
        """Bytes charged to the budget now."""
        return self._native.memory_used

    def size_bytes(self) -> int:
        """Bytes charged to the budget now."""
        return self._native.memory_used

    def is_same_as(self, other: Session) -> bool:
        """Whether both are the same session."""
        return self._native.is_same_as(other._native)

    def __repr__(self) -> str:
        return f"Session(memory_limit={self.memory_limit}, memory_used={self.memory_used})"


def native_session(session: Session | None) -> _eider.Session | None:
    """What the engine takes; None is the session of the process."""
    if session is None:
        return None
    if not isinstance(session, Session):
        raise TypeError(f"session must be an eider.Session, got {type(session).__name__}")
    return session._native
