"""What the reference has and Eider lacks is refused by name; the lists are taken from the reference itself."""

import copy
import importlib
import importlib.util
import pkgutil

import pytest
from eider.absent import _ABSENT, AbsentError

import eider

OWNERS = ["eider", "LanceDataset", "LanceFragment", "LanceOperation", "LanceScanner", "MergeInsertBuilder"]


def ours_and_theirs(owner):
    lance = pytest.importorskip("lance")
    if owner == "eider":
        return eider, lance
    return getattr(eider, owner), getattr(lance, owner)


def public_names(owner, theirs):
    if owner != "eider":
        return [name for name in dir(theirs) if not name.startswith("_")]
    own = [module.name for module in pkgutil.iter_modules(theirs.__path__)]
    return [name for name in {*theirs.__all__, *own} if name not in ("lance", "dependencies", "conftest") and not name.startswith("_")]


@pytest.mark.parametrize("owner", OWNERS)
def test_every_public_name_of_the_reference_is_there_or_refused(owner):
    ours, theirs = ours_and_theirs(owner)
    unknown = {name for name in public_names(owner, theirs) if not hasattr(ours, name)} - _ABSENT[owner]
    if owner == "eider":
        unknown = {name for name in unknown if importlib.util.find_spec(f"eider.{name}") is None}
    assert not [name for name in unknown if "blob" not in name.lower()]  # blob columns have their own tests


@pytest.mark.parametrize("owner", OWNERS)
def test_no_listed_name_is_there(owner):
    ours, theirs = ours_and_theirs(owner)
    names = public_names(owner, theirs)
    assert not [name for name in _ABSENT[owner] if hasattr(ours, name) or not (name in names or hasattr(theirs, name))]


@pytest.mark.parametrize("name", ["eider.dataset", "eider.fragment", "eider.udf"])
def test_names_of_modules_that_are_listed_are_the_references_and_refused(name):
    pytest.importorskip("lance")
    ours, theirs = importlib.import_module(name), importlib.import_module(name.replace("eider", "lance"))
    for absent in _ABSENT[name]:
        assert hasattr(theirs, absent)
        with pytest.raises(AbsentError, match=f"^{name}.{absent} is not supported yet$"):
            getattr(ours, absent)
    with pytest.raises(AttributeError, match="no attribute 'nothing_like_it'"):
        ours.nothing_like_it  # noqa: B018


@pytest.mark.parametrize(
    "use",
    [
        lambda ds: ds.create_scalar_index("id", "BTREE"),
        lambda ds: ds.initialize_mem_wal(unsharded=True),
        lambda ds: ds.optimize.optimize_indices(),
        lambda ds: ds.merge_insert("id").mark_sstables_as_compacted([]),
        lambda ds: eider.LanceDataset.get_ivf_model(ds, "id"),
        lambda ds: eider.indices,
    ],
)
def test_using_one_is_an_unsupported_error_that_names_it(ds, use):
    with pytest.raises(eider.UnsupportedError, match=r"^\w+\.\w+ is not supported yet$") as caught:
        use(ds)
    assert isinstance(caught.value, AbsentError)
    assert isinstance(caught.value, (AttributeError, NotImplementedError))


def test_hasattr_tells_that_it_is_not_there(ds):
    assert not hasattr(ds, "create_index")
    assert not hasattr(eider.LanceDataset, "list_indices")
    assert not hasattr(eider, "ShardWriter")
    assert getattr(ds, "has_index", None) is None


def test_a_name_that_nobody_has_is_an_ordinary_attribute_error(ds):
    for use in (lambda: ds.nonsense, lambda: eider.LanceDataset.nonsense, lambda: eider.nonsense):
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'") as caught:
            use()
        assert not isinstance(caught.value, eider.EiderError)


def test_a_derived_class_refuses_too_and_copies_work(ds):
    class Mine(eider.LanceDataset):
        pass

    with pytest.raises(eider.UnsupportedError, match=r"LanceDataset\.has_index"):
        Mine(ds.uri).has_index()
    assert copy.copy(ds).count_rows() == 10
