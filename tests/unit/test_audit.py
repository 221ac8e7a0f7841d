"""The leakage audit finds a planted edge and reads Snakemake's own records."""

import base64
import json

import pytest

from vadflow import audit
from vadflow.errors import VadflowError

MODEL = "results/plaza/models/std/0/weights.safetensors"
HONEST = {
    MODEL: ["results/plaza/frames/train/01.npy", "results/plaza/clips_train.parquet"],
    "results/plaza/frames/train/01.npy": ["results/plaza/source/train/01.avi"],
}


def test_an_honest_dag_passes_and_counts_ancestors():
    report = audit.audit([MODEL], HONEST, {"plaza": []})
    assert report["models"][MODEL] == {"ancestors": 3, "test_files": 0}


@pytest.mark.parametrize(
    "leak",
    [
        "results/plaza/frames/test/02.npy",
        "results/plaza/poses/test/02.parquet",
        "results/plaza/truth/frames.parquet",
        "results/plaza/snapshot_scores/std/0/02.parquet",
        "/data/ped2/testing/frames/01",
    ],
)
def test_a_leak_two_steps_back_is_named(leak):
    planted = HONEST | {"results/plaza/clips_train.parquet": [leak]}
    with pytest.raises(VadflowError, match=leak):
        audit.audit([MODEL], planted, {"plaza": ["/data/ped2/testing/frames/01"]})


def test_missing_provenance_is_not_a_pass():
    with pytest.raises(VadflowError, match="no provenance"):
        audit.audit([MODEL], {}, {"plaza": []})


def test_records_are_read_as_snakemake_writes_them(tmp_path):
    name = base64.b64encode(MODEL.encode()).decode()
    folder = tmp_path / f"@{name[:20]}"
    folder.mkdir()
    (folder / name[20:]).write_text(json.dumps({"rule": "train", "input": ["a", "b"]}))
    assert audit.read_provenance(tmp_path) == {MODEL: ["a", "b"]}
