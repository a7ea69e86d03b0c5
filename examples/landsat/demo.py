"""The main job, end to end: a real scene from GeoParquet to a trained model and back.

    python examples/landsat/demo.py

docs/guide/landsat.md walks through it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import time
from pathlib import Path

# Before anything loads OpenMP: its threads sleep while they wait, so that the demo also runs well on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Training runs in processes of its own: they start three times faster when Python may keep what it compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

from infer import infer
from ingest import ingest
from look import draw_chips, draw_training
from refine import refine
from repatriate import repatriate
from report import check, say, step
from scene import read_scene
from survive import train_and_survive

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = 6
LEARNT = 0.3  # how much the network's IoU must exceed the best constant answer's


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "landsat", help="folder of results, made anew")
    parser.add_argument("--epochs", type=int, default=EPOCHS, help="fewer than 5 teach little: then IoU is not checked")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    start = time.perf_counter()
    run_all(out, arguments.epochs)
    print(f"\nThe whole job took {time.perf_counter() - start:.1f} s. Look at:")
    for name in ("chips.png", "training.png"):
        print(f"  {_short(out / name)}")


def run_all(out: Path, epochs: int) -> None:
    scene = read_scene()
    uri, gold_file, run = out / "chips.lance", out / "gold.parquet", out / "run"
    with step(1, "Refine: the scene and the shoreline become a gold table of chips (DuckDB, DuckLake)"):
        gold = refine(scene, out / "lake", gold_file)
    with step(2, "Import: gold becomes a Lance dataset, pixels and polygons become its new columns"):
        ingest(scene, gold_file, uri, gold)
    with step(3, "Train: a U-Net fed by eider.torch.Loader, killed and resumed on the way"):
        result = train_and_survive(uri, run, epochs)
        if epochs >= 5:
            margin = result["iou"] - result["constant_iou"]
            check(margin > LEARNT, f"it has learnt: {margin:.2f} above the best constant answer")
    with step(4, "Infer and repatriate: predictions become columns, then polygons in the lake"):
        version = infer(uri, run / "model.pt")
        repatriate(scene, uri, version, out / "lake", gold)
    with step(5, "Look"):
        draw_chips(scene, uri, out / "chips.png")
        draw_training(run, out / "training.png")
        say(f"wrote {_short(out / 'chips.png')} and {_short(out / 'training.png')}")


def _short(path: Path) -> Path:
    """A path as one would type it in the repository."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    main()
