"""The command line, run as a user runs it."""

import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from eider.cli import render
from eider.cli.main import main

import eider


@pytest.fixture
def cli(capsys):
    """Runs a command line; returns exit code, stdout, stderr."""

    def run(*args):
        capsys.readouterr()
        try:
            code = main([str(a) for a in args])
        except SystemExit as stop:
            code = stop.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def geo_file(tmp_path):
    geopandas = pytest.importorskip("geopandas")
    shapely = pytest.importorskip("shapely")
    frame = geopandas.GeoDataFrame(
        {"id": range(5), "name": list("abcde")},
        geometry=[shapely.box(i, i, i + 1, i + 2) for i in range(5)],
        crs="EPSG:32633",
    )
    path = tmp_path / "gold.parquet"
    frame.to_parquet(path, write_covering_bbox=True, schema_version="1.1.0")
    return path


def test_help_has_examples(cli):
    code, out, _ = cli("--help")
    assert code == 0
    assert "eider import gold.parquet" in out
    for verb in ("info", "head", "import", "export", "versions"):
        code, out, _ = cli(verb, "--help")
        assert code == 0
        assert "examples:\n  eider " + verb in out
    assert cli("file", "inspect", "--help")[0] == 0


def test_wrong_usage(cli):
    assert cli()[0] == 2
    assert cli("bogus")[0] == 2
    assert cli("head", "x", "-n", "-1")[0] == 2
    assert cli("import", "a.parquet", "b.lance", "--property", "novalue")[0] == 2


def test_info(cli, ds):
    code, out, _ = cli("info", ds.uri)
    assert code == 0
    assert ds.uri in out
    assert "vector" in out
    assert "fixed_size_list:float:4" in out
    assert "1 fragment, 1 file," in out
    code, out, _ = cli("info", ds.uri, "--json")
    facts = json.loads(out)
    assert facts["rows"] == 10
    assert facts["version"] == 1
    assert [c["name"] for c in facts["columns"]] == ["id", "name", "box", "vector"]


def test_info_shows_bytes_and_bits_per_value_of_each_column(cli, tmp_path):
    table = pa.table({
        "dense": pa.array(range(4000), pa.int64()),
        "nothing": pa.nulls(4000, pa.int64()),
        "pairs": [[i, None] for i in range(4000)],
        "box": [{"x": 1.5 * i, "y": 2 * i} for i in range(4000)],
    })
    ds = eider.write_dataset(table, tmp_path / "sizes.lance", max_rows_per_file=1500)
    _, out, _ = cli("info", ds.uri, "--json")
    facts = json.loads(out)
    columns = {c["name"]: c for c in facts["columns"]}
    pages = [c for f in ds.get_fragments() for d in f.data_files() for c in eider.file.inspect(f"{ds.uri}/data/{d.path}")["columns"]]
    for name, path in (("dense", "dense"), ("nothing", "nothing"), ("pairs", "pairs.item")):
        column = columns[name] if path == name else columns[name]["children"][0]
        assert column["size_bytes"] == sum(c["size_bytes"] for c in pages if c["name"] == path)
    assert columns["dense"]["values"] == 4000 and 8 < columns["dense"]["bits_per_value"] < 16
    assert columns["nothing"]["bits_per_value"] == 0
    assert columns["pairs"]["children"][0]["values"] == 8000
    assert columns["pairs"]["size_bytes"] == columns["pairs"]["children"][0]["size_bytes"] and "bits_per_value" not in columns["pairs"]
    assert columns["box"]["size_bytes"] == sum(child["size_bytes"] for child in columns["box"]["children"])
    assert sum(c["size_bytes"] for c in facts["columns"]) < facts["data_bytes"]
    _, out, _ = cli("info", ds.uri)
    assert "bits/value" in out.splitlines()[5] and f"{columns['dense']['bits_per_value']:.2f}" in out


def test_a_table_too_wide_for_the_terminal_leaves_columns_out(monkeypatch, capsys):
    monkeypatch.setattr(render, "_line_width", lambda: 60)
    header = [f"a long name {i}" for i in range(50)]
    assert render.print_table(header, [["1"] * 50]) == 45
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 60 and lines[0].count("a long") == 5 and "…" in lines[2]
    assert render.print_table(header[:3], [["1"] * 3]) == 0


def test_head(cli, ds):
    code, out, _ = cli("head", ds.uri, "-n", "3", "--columns", "id,box.x")
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split() == ["id", "box.x"]
    assert lines[2].split() == ["0", "0"]
    assert lines[-1] == "3 of 10 rows"
    assert len({len(line) for line in lines[1:2]}) == 1
    code, out, _ = cli("head", ds.uri, "-n", "2", "--offset", "4", "--json")
    assert [row["name"] for row in json.loads(out)] == [None, "row 5"]


def test_versions(cli, ds, table):
    eider.write_dataset(table, ds, mode="append")
    code, out, _ = cli("versions", ds.uri)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["1", "2"]
    _, out, _ = cli("versions", ds.uri, "--json")
    assert [v["version"] for v in json.loads(out)] == [1, 2]
    _, out, _ = cli("info", ds.uri, "--version", "1")
    assert "latest: 2" in out


def test_import_and_export_of_geoparquet(cli, geo_file, tmp_path):
    import geopandas

    target = tmp_path / "chips.lance"
    code, out, _ = cli("import", geo_file, target, "--property", "snapshot=7", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == 5
    ds = eider.dataset(target)
    field = ds.schema.field("geometry")
    assert field.metadata[b"ARROW:extension:name"] == b"geoarrow.wkb"
    extension = json.loads(field.metadata[b"ARROW:extension:metadata"])
    assert extension["crs_type"] == "projjson"
    assert extension["crs"]["id"] == {"authority": "EPSG", "code": 32633}
    assert json.loads(field.metadata[b"geometry_types"]) == ["Polygon"]
    assert ds.metadata == {"source": str(geo_file), "snapshot": "7"}

    _, out, _ = cli("info", target)
    assert "geoarrow.wkb (EPSG:32633)" in out
    assert "snapshot" in out
    _, out, _ = cli("head", target, "-n", "1")
    assert "Polygon" in out

    back = tmp_path / "back.parquet"
    assert cli("export", target, back)[0] == 0
    original = geopandas.read_parquet(geo_file)
    exported = geopandas.read_parquet(back)
    assert exported.crs == original.crs
    assert exported.equals(original)
    assert len(geopandas.read_parquet(back, bbox=(0, 0, 0.5, 0.5))) == 1
    geo = json.loads(pq.read_schema(back).metadata[b"geo"])
    assert geo["version"] == "1.1.0"
    assert geo["columns"]["geometry"]["geometry_types"] == ["Polygon"]


def test_an_absent_crs_is_crs84_and_null_is_unknown(cli, tmp_path):
    for name, column in {"absent": {}, "null": {"crs": None}}.items():
        geo = {
            "version": "1.1.0",
            "primary_column": "g",
            "columns": {"g": {"encoding": "WKB", "geometry_types": [], **column}},
        }
        table = pa.table({"g": pa.array([b"\x01\x01\x00\x00\x00" + b"\x00" * 16])})
        pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / f"{name}.parquet")
        assert cli("import", tmp_path / f"{name}.parquet", tmp_path / f"{name}.lance")[0] == 0
        assert cli("export", tmp_path / f"{name}.lance", tmp_path / f"{name}-back.parquet")[0] == 0
    exported = json.loads(pq.read_schema(tmp_path / "absent-back.parquet").metadata[b"geo"])
    assert exported["columns"]["g"]["crs"]["id"] == {"authority": "OGC", "code": "CRS84"}
    exported = json.loads(pq.read_schema(tmp_path / "null-back.parquet").metadata[b"geo"])
    assert exported["columns"]["g"]["crs"] is None


def test_import_of_duckdb_geometry(cli, tmp_path):
    duckdb = pytest.importorskip("duckdb")
    spatial = pytest.importorskip("duckdb_extension_spatial")
    import pathlib

    extension = next(pathlib.Path(spatial.__path__[0]).rglob("spatial.duckdb_extension"))
    con = duckdb.connect()
    con.execute(f"LOAD '{extension}'")
    for version in ("V1", "V2", "BOTH", "NONE"):
        path = tmp_path / f"{version}.parquet"
        con.execute(
            "COPY (SELECT 1 AS id, st_point(1, 2)::GEOMETRY('EPSG:32633') AS geom) "
            f"TO '{path}' (FORMAT parquet, GEOPARQUET_VERSION '{version}')"
        )
        assert cli("import", path, tmp_path / f"{version}.lance")[0] == 0
        field = eider.dataset(tmp_path / f"{version}.lance").schema.field("geom")
        assert field.metadata[b"ARROW:extension:name"] == b"geoarrow.wkb"
        crs = json.loads(field.metadata[b"ARROW:extension:metadata"])["crs"]
        assert crs["id"] == {"authority": "EPSG", "code": 32633}, version


def test_import_of_several_files_and_append(cli, table, tmp_path):
    for i in range(3):
        pq.write_table(table.slice(i * 3, 3), tmp_path / f"{i}.parquet")
    target = tmp_path / "all.lance"
    assert cli("import", tmp_path / "0.parquet", tmp_path / "1.parquet", target)[0] == 0
    assert cli("import", tmp_path / "2.parquet", target, "--mode", "append")[0] == 0
    assert eider.dataset(target).to_table() == table.slice(0, 9)
    assert cli("import", tmp_path / "2.parquet", target, "--mode", "append", "--property", "k=v")[0] == 1
    assert cli("import", tmp_path / "2.parquet", target, "--mode", "overwrite", "--property", "k=v")[0] == 0
    assert eider.dataset(target).schema_metadata == {"source": str(tmp_path / "2.parquet"), "k": "v"}
    assert eider.dataset(target).count_rows() == 3


def test_import_of_csv(cli, tmp_path):
    table = pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]})
    pyarrow.csv.write_csv(table, tmp_path / "t.csv")
    assert cli("import", tmp_path / "t.csv", tmp_path / "t.lance")[0] == 0
    assert eider.dataset(tmp_path / "t.lance").to_table() == table


def test_a_version_is_named_by_number_tag_or_branch(cli, ds, table):
    ds.tags.create("first", 1)
    branch = ds.create_branch("more", 1)
    eider.write_dataset(table, branch, mode="append")
    eider.write_dataset(table.slice(0, 3), ds, mode="append")

    def rows(*options):
        code, out, err = cli("info", ds.uri, "--json", *options)
        return json.loads(out)["rows"] if code == 0 else err

    assert [rows(), rows("--version", 1), rows("--version", "first"), rows("--branch", "more")] == [13, 10, 10, 20]
    assert rows("--branch", "more", "--version", branch.version) == 10
    assert "'none'" in rows("--version", "none") and "'other'" in rows("--branch", "other")
    assert "a tag names a branch" in rows("--branch", "more", "--version", "first")


def test_filters_of_head_and_export(cli, ds, tmp_path):
    code, out, _ = cli("head", ds.uri, "-n", "2", "--columns", "id", "--filter", "id >= 4")
    assert code == 0 and [line.strip() for line in out.splitlines()[2:4]] == ["4", "5"]
    assert out.splitlines()[-1] == "2 of 6 rows that pass"
    assert cli("export", ds.uri, tmp_path / "some.parquet", "--filter", "id in (1, 7)")[0] == 0
    assert pq.read_table(tmp_path / "some.parquet")["id"].to_pylist() == [1, 7]
    code, _, err = cli("head", ds.uri, "--filter", "id >=")
    assert code == 1 and "id >=" in err


def test_info_shows_base_paths(cli, table, tmp_path):
    base = eider.DatasetBasePath(str(tmp_path / "ssd"), "ssd")
    ds = eider.write_dataset(table, tmp_path / "t", initial_bases=[base], target_bases=["ssd"])
    _, out, _ = cli("info", ds.uri)
    assert [line.split(maxsplit=2)[2] for line in out.splitlines() if line.startswith("base ")] == [f"{tmp_path / 'ssd'} (ssd), 1 file"]
    assert json.loads(cli("info", ds.uri, "--json")[1])["base_paths"][0]["data_files"] == 1


def test_export_of_some(cli, ds, table, tmp_path):
    path = tmp_path / "part.parquet"
    code, out, _ = cli("export", ds.uri, path, "--columns", "id,name", "--limit", "3", "--offset", "2", "--json")
    assert code == 0
    assert json.loads(out)["rows"] == 3
    assert pq.read_table(path) == table.select(["id", "name"]).slice(2, 3)
    code, _, err = cli("export", ds.uri, path)
    assert code == 1
    assert "--overwrite" in err
    assert cli("export", ds.uri, path, "--overwrite")[0] == 0
    assert pq.read_table(path).num_rows == 10
    assert cli("export", ds.uri, tmp_path / "x.csv")[0] == 1


def test_file_inspect(cli, ds, tmp_path):
    (path,) = (tmp_path / "t.lance" / "data").iterdir()
    code, out, _ = cli("file", "inspect", path)
    assert code == 0
    assert "id" in out
    code, out, _ = cli("file", "inspect", path, "--json")
    assert code == 0
    assert json.loads(out)["path"] == str(path)


def test_file_inspect_shows_layout_codecs_bytes_bits_and_statistics_of_each_page(cli, tmp_path):
    path = tmp_path / "x.lance"
    table = pa.table({"id": pa.array(range(3000), pa.int32()), "name": [None if i % 3 == 1 else f"name {i % 40:02}" for i in range(3000)]})
    with eider.file.LanceFileWriter(path) as writer:
        writer.write_batch(table)
    _, out, _ = cli("file", "inspect", path)
    assert "version 2.2, 3000 rows," in out and "2 columns, 2 global buffers," in out
    assert "mini-block(inline_bitpacking<32>), 3000 items, layers [item]" in out
    assert "0 nulls, from 0 to 2999" in out
    assert "dictionary(general(lz4, variable<32>)) of 40" in out and 'layers [nullable item]' in out
    assert '1000 nulls, from "name 00" to "name 39"' in out
    _, out, _ = cli("file", "inspect", path, "--json")
    ids, names = (column["pages"][0] for column in json.loads(out)["columns"])
    assert ids["layout"] == "mini-block" and ids["encoding"].startswith("mini-block(inline_bitpacking<32>)")
    assert (ids["null_count"], ids["min"], ids["max"], ids["min_is_cut"]) == (0, "0", "2999", False)
    assert names["null_count"] == 1000 and names["num_items"] == 3000
    for page in (ids, names):
        assert page["size_bytes"] == sum(b["size_bytes"] for b in page["buffers"]) == sum(page["bytes"].values())
        assert page["bits_per_value"] == 8 * page["size_bytes"] / 3000


def test_file_inspect_cuts_long_bounds_and_looks_into_blob_pages(cli, tmp_path):
    long = ["a" * 40, "z" * 40]
    path = tmp_path / "long.lance"
    with eider.file.LanceFileWriter(path) as writer:
        writer.write_batch(pa.table({"text": long}))
    _, out, _ = cli("file", "inspect", path)
    assert f'0 nulls, from "{"a" * 16}"... to below "{"z" * 15}{{"' in out
    _, out, _ = cli("file", "inspect", path, "--json")
    page = json.loads(out)["columns"][0]["pages"][0]
    assert page["min_is_cut"] and page["max_is_cut"]
    blob = pa.field("b", pa.large_binary(), metadata={"lance-encoding:blob": "true"})
    ds = eider.write_dataset(pa.table([pa.array([b"ab", None], blob.type)], pa.schema([blob])), tmp_path / "b.lance", data_storage_version="2.1")
    _, out, _ = cli("file", "inspect", next((tmp_path / "b.lance" / "data").iterdir()))
    assert "blob(mini-block(packed_struct<64, 64>), 2 items, layers [item]), layers [nullable item]" in out
    assert ds.stats.data_stats().fields[0].num_values == 2


@pytest.mark.parametrize(
    "command",
    [
        ("info", "MISSING.lance"),
        ("head", "MISSING.lance"),
        ("versions", "MISSING.lance"),
        ("export", "MISSING.lance", "x.parquet"),
        ("import", "MISSING.parquet", "x.lance"),
        ("file", "inspect", "MISSING.lance"),
    ],
)
def test_an_error_is_one_line(cli, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = cli(*command)
    assert code == 1
    assert out == ""
    assert err.startswith("eider: error: ")
    assert "MISSING" in err
    assert err.count("\n") == 1


def test_not_a_parquet_file(cli, tmp_path):
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    code, _, err = cli("import", tmp_path / "bad.parquet", tmp_path / "x.lance")
    assert code == 1
    assert "bad.parquet" in err
    assert not (tmp_path / "x.lance").exists()


def test_module_and_script_run(ds):
    for command in ([sys.executable, "-m", "eider"], [sys.executable, "-c", "from eider.cli.main import main; main()"]):
        done = subprocess.run([*command, "info", ds.uri], capture_output=True, text=True, check=True)
        assert "vector" in done.stdout


def test_a_closed_pipe_is_no_error(ds):
    command = f"{sys.executable} -m eider head {ds.uri} -n 10 --json | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stderr == ""
