"""Frames a second of `attributes`, from the source to the score, stage by stage, with one process per core.

    PYTHONPATH=src python tools/benchmark_attributes.py <workspace> <dataset> [--cores 1 2] [--clips 4]

The system is fitted on the training artefacts of the workspace (flow, objects, poses), which is not timed; nothing of the workspace is
changed. Test clips are dealt to the processes, the same ones for each core count. Stages are CPU seconds (one thread), so
other jobs of the machine hardly count; the wall clock stands below them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

STAGES = ("decode", "flow", "objects", "poses", "score")


def fitted(workspace: str, dataset: str) -> Mapping[str, np.ndarray]:
    """State of the system after a fit on the workspace's normal video."""
    from ablate_attributes import Quiet, views

    from vadflow.params import load
    from vadflow.systems.attributes import System
    from vadflow.systems.base import NormalVideo
    from vadflow.training.split import split_normal

    os.chdir(workspace)
    params = load("params.yaml")
    system = System(params.systems.of("attributes"), (1, 1, 1))
    system.fit(NormalVideo(split_normal(views(dataset, "train"), params.training.held_out)[0], []), Quiet())  # type: ignore[arg-type]
    return system.state()


def clip_times(workspace: str, dataset: str, state: Mapping[str, np.ndarray], number: int) -> dict[str, float]:
    """Seconds per stage of one test clip, and its frames; one thread."""
    os.chdir(workspace)
    from vadflow import job
    from vadflow.params import load
    from vadflow.systems.attributes import System

    job.limit_threads(1)
    params = load("params.yaml")
    system = System(params.systems.of("attributes"), (1, 1, 1))
    system.load(state)
    with tempfile.TemporaryDirectory() as folder:
        return _stages(params, dataset, system, number, Path(folder))


def _stages(params, dataset: str, system, number: int, folder: Path) -> dict[str, float]:
    from vadflow.clip import ClipView
    from vadflow.dag import Plan
    from vadflow.frames.decode import Decoder
    from vadflow.frames.flow import flow_cells
    from vadflow.io import read_json, write_table
    from vadflow.layout import WEIGHTS
    from vadflow.objects import base
    from vadflow.objects.detect import detect_clip
    from vadflow.objects.poses import find_weights, pose_clip

    source = [s for s in Plan(params, 1).sources[dataset] if s.split == "test"][number]
    own = params.objects.of(params.objects.detector)
    found = find_weights(system.params.poses.weights, own.weights)
    poses = system.params.poses.model_copy(update={"weights": str(found) if found else None})
    detector = base.load(params.objects.detector).Detector(own, read_json(WEIGHTS), 1)
    clock, times = time.process_time(), {}

    def lap(stage: str) -> None:
        nonlocal clock
        times[stage], clock = time.process_time() - clock, time.process_time()

    frames = list(Decoder(source.path, fps=source.fps, threads=1))
    detector.detect(frames[:1])  # compiling is paid once a process, not once a clip
    clock = time.process_time()
    frames = list(Decoder(source.path, fps=source.fps, threads=1))
    lap("decode")
    d = params.differences
    flow = np.stack(list(flow_cells(frames, cell=d.flow_cell, max_side=d.flow_max_side, preset=d.flow_preset)))
    np.save(folder / "flow.npy", flow)
    lap("flow")
    still = np.zeros((len(flow), 1, 1), np.float16)
    objects = detect_clip(frames, detector, flow=flow, differences=still, where=source.name)
    write_table(folder / "objects.parquet", objects)
    lap("objects")
    write_table(folder / "poses.parquet", pose_clip(frames, objects, poses, 1))
    lap("poses")
    height, width = frames[0].shape[:2]
    paths = {"flow_path": folder / "flow.npy"} | {f"{k}_path": folder / f"{k}.parquet" for k in ("objects", "poses")}
    for _ in system.score(ClipView(source.name, source.fps or 25.0, (height, width), **paths)):
        pass
    lap("score")
    return times | {"frames": float(len(frames))}


def measure(workspace: str, dataset: str, state: Mapping[str, np.ndarray], clips: int, cores: int) -> None:
    """Print one line per stage and the whole."""
    start = time.perf_counter()
    with ProcessPoolExecutor(cores) as pool:
        found = list(pool.map(clip_times, [workspace] * clips, [dataset] * clips, [state] * clips, range(clips)))
    wall = time.perf_counter() - start
    frames = sum(one["frames"] for one in found)
    busy = {stage: sum(one[stage] for one in found) for stage in STAGES}
    print(f"{cores} core(s), {clips} clips, {frames:.0f} frames")
    for stage, seconds in busy.items():
        print(f"  {stage:8s} {1000 * seconds / frames:7.2f} ms/frame")
    print(
        f"  stages   {frames / sum(busy.values()) * cores:7.1f} frames/s (sum of stages, {cores} process(es) side by side)"
    )
    print(f"  wall     {frames / wall:7.1f} frames/s (with start-up and compiling)")


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("dataset")
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--clips", type=int, default=4)
    arguments = parser.parse_args()
    workspace = str(Path(arguments.workspace).resolve())
    state = fitted(workspace, arguments.dataset)
    for cores in arguments.cores:
        measure(workspace, arguments.dataset, state, arguments.clips, cores)


if __name__ == "__main__":
    main()
