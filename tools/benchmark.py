"""Frames a second from the source to the score, stage by stage, with one process per core.

    PYTHONPATH=src python tools/benchmark.py <workspace> <dataset> <system>... [--cores 1 2] [--clips 4] [--seed 0]

The workspace must hold trained models. Test clips are dealt to the processes, each with one thread; nothing of the workspace is changed,
and every number of cores runs the same clips. Only the stages that a system needs count for it. Stages are CPU seconds, so that other
jobs of the machine count as little as they can; imports and the compiling of networks are paid once a process and left out.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

BEHIND = {
    "frames": ("frames",),
    "differences": ("frames", "differences"),
    "flow": ("flow",),
    "objects": ("frames", "differences", "flow", "objects"),
    "poses": ("poses",),
    "source": (),
    "pseudo": (),
}
"""Stages behind each thing a system may need."""


class Stopwatch:
    """CPU seconds of this process, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Add what happens inside to a name."""
        start = time.process_time()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.process_time() - start


def stages(
    params: Any, source: Any, systems: Mapping[str, Any], detector: Any, poses: Any, folder: Path, flow_side: int
) -> dict[str, float]:
    """Run one clip through the stages; seconds by stage, by `score <system>`, and the clip's `n_frames`."""
    import numpy as np

    from vadflow.clip import ClipView
    from vadflow.frames.decode import Decoder
    from vadflow.frames.differences import write_differences
    from vadflow.frames.flow import flow_cells
    from vadflow.frames.pack import resize
    from vadflow.io import write_table
    from vadflow.objects.detect import detect_clip
    from vadflow.objects.poses import pose_clip

    watch, needs, f, d = (
        Stopwatch(),
        frozenset().union(*(s.needed(s.params) for s in systems.values())),
        params.frames,
        params.differences,
    )
    with watch("decode"):
        frames = list(Decoder(source.path, fps=source.fps, threads=1))
    clip = ClipView(source.name, source.fps or 25.0, frames[0].shape[:2], source.path, folder / "frames.npy")
    with watch("frames"):
        np.save(folder / "frames.npy", np.stack([resize(frame, f.height, f.width, f.channels) for frame in frames]))
    with watch("differences"):
        write_differences(folder / "frames.npy", folder / "differences.npy", cell=d.cell)
        clip = replace(clip, differences_path=folder / "differences.npy")
    with watch("flow"):
        flow = flow_cells(frames, cell=d.flow_cell, max_side=flow_side, preset=d.flow_preset)
        np.save(folder / "flow.npy", np.stack(list(flow)))
        clip = replace(clip, flow_path=folder / "flow.npy")
    if "objects" in needs:
        with watch("objects"):
            found = detect_clip(frames, detector, flow=clip.flow, differences=clip.differences, where=source.name)
            write_table(folder / "objects.parquet", found)
            clip = replace(clip, objects_path=folder / "objects.parquet")
    if poses is not None:
        with watch("poses"):
            write_table(folder / "poses.parquet", pose_clip(frames, clip.objects, poses))
            clip = replace(clip, poses_path=folder / "poses.parquet")
    for name, system in systems.items():
        with watch(f"score {name}"):
            for _ in system.score(clip):
                pass
    return watch.seconds | {"n_frames": float(len(frames))}


def pose_network(systems: Mapping[str, Any], beside: str | None) -> Any:
    """The pose network of the system that needs one, or None where none does."""
    from vadflow.objects.poses import PoseReader, find_weights

    for system in systems.values():
        if "poses" in system.needs:
            weights = find_weights(system.params.poses.weights, beside)
            return PoseReader(system.params.poses.model_copy(update={"weights": str(weights) if weights else None}), 1)
    return None


def work(workspace: str, dataset: str, names: Sequence[str], numbers: Sequence[int], seed: int) -> dict[str, float]:
    """Seconds by stage over some test clips; one process, one thread. The first clip is run twice and counted once."""
    os.chdir(workspace)
    from vadflow import job
    from vadflow.dag import Plan
    from vadflow.io import read_json
    from vadflow.layout import WEIGHTS, Layout
    from vadflow.objects import base
    from vadflow.params import load
    from vadflow.training.store import load_system

    job.limit_threads(1)
    params, place, total = load("params.yaml"), Layout(dataset), dict[str, float]()
    systems = {name: load_system(Path(place.model("weights.safetensors", name, seed)).parent) for name in names}
    own = params.objects.of(params.objects.detector)
    by_people = params.differences.flow_person_px is not None
    side = read_json(place.flow_size)["max_side"] if by_people else params.differences.flow_max_side
    detector = base.load(params.objects.detector).Detector(own, read_json(WEIGHTS), 1)
    poses = pose_network(systems, getattr(own, "weights", None))
    sources = [s for s in Plan(params, 1).sources[dataset] if s.split == "test"]
    for turn, number in enumerate([numbers[0], *numbers]):
        with tempfile.TemporaryDirectory() as folder:
            found = stages(params, sources[number], systems, detector, poses, Path(folder), side)
        for name, value in found.items() if turn else ():
            total[name] = total.get(name, 0.0) + value
    return total


def measure(workspace: str, dataset: str, names: Sequence[str], clips: int, seed: int, cores: int) -> None:
    """Print milliseconds a frame by stage, and frames a second by system."""
    from vadflow.systems.base import load_module

    cores = min(cores, clips)  # a clip is not cut in two
    dealt = [list(range(clips))[core::cores] for core in range(cores)]
    with ProcessPoolExecutor(cores) as pool:
        jobs = [pool.submit(work, workspace, dataset, names, numbers, seed) for numbers in dealt]
        found = [job.result() for job in jobs]
    frames = sum(one["n_frames"] for one in found)
    cost = {key: 1000 * sum(one[key] for one in found) / frames for key in found[0] if key != "n_frames"}
    print(f"{cores} process(es), {clips} clips, {frames:.0f} frames; ms a frame on one core:")
    print("  " + ", ".join(f"{stage} {spent:.2f}" for stage, spent in cost.items()))
    for name in names:
        behind = {"decode"} | {stage for need in load_module(name).System.needs for stage in BEHIND[need]}
        whole = sum(cost[stage] for stage in behind) + cost[f"score {name}"]
        alone = cost["flow"] * ("flow" in behind) + cost[f"score {name}"]
        print(
            f"  {name}: {1000 * cores / whole:.1f} frames/s from source to score; {1000 * cores / alone:.1f} flow and score"
        )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("dataset")
    parser.add_argument("systems", nargs="+")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for cores in given.cores:
        workspace = str(Path(given.workspace).resolve())
        measure(workspace, given.dataset, given.systems, given.clips, given.seed, cores)


if __name__ == "__main__":
    main()
