"""The name of every file the pipeline makes, in one place. Paths are relative to the workspace."""

from __future__ import annotations

from dataclasses import dataclass

RESULTS = "results"
AUC_TABLE = f"{RESULTS}/auc_table.csv"
AUC_TWIN = f"{RESULTS}/auc_table.html"
COST_TABLE = f"{RESULTS}/cost_table.csv"
AUDIT = f"{RESULTS}/leakage_audit.json"
REPORT = f"{RESULTS}/report/index.html"
TRACKING = f"{RESULTS}/tracking.json"
STORE = f"{RESULTS}/mlflow/mlflow.db"
WEIGHTS = f"{RESULTS}/detector_weights.json"
RECORD = f"{RESULTS}/record.json"
EXTERNAL = "external_scores"
"""Folder of a workspace in which scores made by other people's code lie, one folder a system."""
FUSION = "fusion"
"""Name of the row that averages others."""
NORMAL_EVENTS = "normal_events.csv"
"""What a person has marked as normal: "that was fine"."""
CLIP_KINDS = ("frames", "differences", "flow", "objects", "poses")
"""What is made of a clip of either split."""
SCORED_KINDS = ("raw", "maps", "regions", "scores", "snapshot_scores")
"""What is made of a test clip by a system."""
MODEL_FILES = ("weights.safetensors", "model.json", "history.parquet", "heldout.parquet", "snapshots.safetensors")
"""What a training job leaves."""


@dataclass(frozen=True)
class Layout:
    """Files of one dataset. `{system}` and `{seed}` may be left as wildcards for the workflow; `*` in any place makes a pattern."""

    dataset: str

    @property
    def root(self) -> str:
        """`results/<dataset>`."""
        return f"{RESULTS}/{self.dataset}"

    @property
    def source(self) -> str:
        """Folder of rendered video, for datasets that render themselves."""
        return f"{self.root}/source"

    def index(self, split: str) -> str:
        """The checked clip index of one split."""
        return f"{self.root}/clips_{split}.parquet"

    def clip(self, kind: str, split: str, clip: str) -> str:
        """One clip's artefact: kind is one of CLIP_KINDS."""
        suffix = "parquet" if kind in ("objects", "poses") else "npy"
        return f"{self.root}/{kind}/{split}/{clip}.{suffix}"

    def decoded(self, split: str, clip: str) -> str:
        """What decoding found: one row of the clip index, written beside the packed frames."""
        return f"{self.root}/frames/{split}/{clip}.json"

    def truth(self, table: str) -> str:
        """Test truth: table is frames or regions."""
        return f"{self.root}/truth/{table}.parquet"

    @property
    def flow_size(self) -> str:
        """How large a frame flow needs, by the people in normal video."""
        return f"{self.root}/flow_size.json"

    @property
    def pseudo(self) -> str:
        """Pseudo-anomaly recipes."""
        return f"{self.root}/pseudo.parquet"

    def model(self, file: str, system: str = "{system}", seed: int | str = "{seed}") -> str:
        """A file of a trained system: one of MODEL_FILES, calibration.json or threshold.json."""
        return f"{self.root}/models/{system}/{seed}/{file}"

    def checkpoint(self, system: str, seed: int | str) -> str:
        """Folder of the running checkpoint: outside every declared output, so that a rerun after a kill finds it."""
        return f"{self.root}/checkpoints/{system}_{seed}"

    def scored(self, kind: str, clip: str, system: str = "{system}", seed: int | str = "{seed}") -> str:
        """One test clip's scores: kind is one of SCORED_KINDS."""
        suffix = "npy" if kind == "maps" else "parquet"
        return f"{self.root}/{kind}/{system}/{seed}/{clip}.{suffix}"

    def events(self, system: str = "{system}", seed: int | str = "{seed}") -> str:
        """Events of all test clips above the threshold (CSV, for people and spreadsheets)."""
        return f"{self.root}/events/{system}/{seed}.csv"

    def metrics(self, system: str = "{system}", seed: int | str = "{seed}") -> str:
        """All metrics of one system under one seed."""
        return f"{self.root}/metrics/{system}/{seed}.json"

    def cost(self, job: str, system: str = "{system}", seed: int | str = "{seed}") -> str:
        """What one train or score job cost: seconds, frames, memory."""
        return f"{self.root}/costs/{system}/{seed}/{job}.json"
