"""What is public has types and a docstring, and the arguments of the reference."""

import inspect
import pathlib

import eider.fragment
import eider.scanner
import pytest

import eider
import eider.file

CLASSES = [
    eider.LanceDataset,
    eider.LanceFragment,
    eider.LanceScanner,
    eider.Session,
    eider.BatchUDF,
    eider.LanceFileReader,
    eider.LanceFileWriter,
    eider.file.ReaderResults,
    eider.FragmentMetadata,
    eider.facts.DatasetFacts,
    eider.blob_reads.BlobReads,
    eider.history.DatasetHistory,
    eider.refs.Tags,
    eider.refs.Branches,
    eider.stats.LanceStats,
]


def members(cls):
    return [(n, m) for n, m in vars(cls).items() if not n.startswith("_") and (callable(m) or isinstance(m, property))]


@pytest.mark.parametrize("cls", CLASSES, ids=lambda c: c.__name__)
def test_classes_have_docstrings_and_types(cls):
    assert cls.__doc__
    for name, member in members(cls):
        function = inspect.unwrap(member.fget if isinstance(member, property) else getattr(member, "__func__", member))
        assert function.__doc__, f"{cls.__name__}.{name}"
        assert "return" in function.__annotations__, f"{cls.__name__}.{name}"


def test_the_package_is_typed():
    assert (pathlib.Path(eider.__file__).parent / "py.typed").exists()
    for name in eider.__all__:
        assert hasattr(eider, name)


class _Anything:
    _ds = _native = None


PAIRS = {
    "dataset": lambda m: m.dataset,
    "write_dataset": lambda m: m.write_dataset,
    "batch_udf": lambda m: m.batch_udf,
    "LanceDataset": lambda m: m.LanceDataset.__init__,
    "scanner": lambda m: m.LanceDataset.scanner,
    "take": lambda m: m.LanceDataset.take,
    "slice": lambda m: m.LanceDataset.slice,
    "sample": lambda m: m.LanceDataset.sample,
    "head": lambda m: m.LanceDataset.head,
    "count_rows": lambda m: m.LanceDataset.count_rows,
    "add_columns": lambda m: m.LanceDataset.add_columns,
    "drop_columns": lambda m: m.LanceDataset.drop_columns,
    "to_table": lambda m: m.LanceDataset.to_table,
    "to_batches": lambda m: m.LanceDataset.to_batches,
    "checkout_version": lambda m: m.LanceDataset.checkout_version,
    "restore": lambda m: m.LanceDataset.restore,
    "get_version": lambda m: m.LanceDataset.get_version,
    "version_refs": lambda m: m.LanceDataset.version_refs,
    "create_branch": lambda m: m.LanceDataset.create_branch,
    "shallow_clone": lambda m: m.LanceDataset.shallow_clone,
    "deep_clone": lambda m: m.LanceDataset.deep_clone,
    "cleanup_old_versions": lambda m: m.LanceDataset.cleanup_old_versions,
    "explain_cleanup_old_versions": lambda m: m.LanceDataset.explain_cleanup_old_versions,
    "tags.create": lambda m: type(m.LanceDataset.tags.fget(_Anything())).create,
    "tags.update": lambda m: type(m.LanceDataset.tags.fget(_Anything())).update,
    "tags.list_ordered": lambda m: type(m.LanceDataset.tags.fget(_Anything())).list_ordered,
    "branches.delete": lambda m: type(m.LanceDataset.branches.fget(_Anything())).delete,
    "get_fragment": lambda m: m.LanceDataset.get_fragment,
    "get_fragments": lambda m: m.LanceDataset.get_fragments,
    "fragment.to_table": lambda m: m.LanceFragment.to_table,
    "fragment.scanner": lambda m: m.LanceFragment.scanner,
    "fragment.take": lambda m: m.LanceFragment.take,
    "LanceFileReader": lambda m: m.file.LanceFileReader.__init__,
    "read_all": lambda m: m.file.LanceFileReader.read_all,
    "read_range": lambda m: m.file.LanceFileReader.read_range,
    "take_rows": lambda m: m.file.LanceFileReader.take_rows,
    "LanceFileWriter": lambda m: m.file.LanceFileWriter.__init__,
}
#: Internal or catch-all parameters of the reference, and one that its own documentation calls a typing slip.
OMITTED = {"_inner_reader", "_inner_writer", "kwargs"}


@pytest.mark.parametrize("name", PAIRS)
def test_arguments_follow_the_reference(name):
    lance = pytest.importorskip("lance")
    import lance.file  # noqa: F811

    theirs = inspect.signature(PAIRS[name](lance)).parameters
    ours = inspect.signature(PAIRS[name](eider)).parameters
    options = eider.scanner.ScanOptions.__annotations__ if "options" in ours else {}
    for parameter in theirs.values():
        if parameter.name in OMITTED or parameter.name in options:
            continue
        assert parameter.name in ours, f"{name}: {parameter.name} is missing"
        mine = ours[parameter.name]
        assert mine.default == parameter.default, f"{name}: {parameter.name} defaults to {mine.default!r}"
    positional = [p.name for p in theirs.values() if p.kind is p.POSITIONAL_OR_KEYWORD and p.name not in options]
    mine = [p.name for p in ours.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert mine[: len(positional)] == positional
