"""The columns of `results/auc_table.csv`: one home for their order, their format and what each says to a reader."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: in the CSV.
        title: in a page.
        kind: text, count (whole number), number (four decimals; in [0, 1] unless its name ends in a unit).
        meaning: for hover and tap.
        over_seeds: mean (averaged), same (must agree, or is the same for all), made (computed by the table).
    """

    name: str
    title: str
    kind: Literal["text", "count", "number"]
    meaning: str
    over_seeds: Literal["mean", "same", "made"] = "mean"


COLUMNS = (
    Column("dataset", "dataset", "text", "The dataset whose test clips were scored.", "same"),
    Column("system", "system", "text", "Who scored: a floor, a baseline, a published system, or ours.", "same"),
    Column("kind", "kind", "text", "floor (sees no pixel, or only counts objects), baseline, or system.", "same"),
    Column(
        "auc_micro",
        "AUC micro",
        "number",
        "The headline. ROC AUC over all test frames in one pool: calibrated scores on one scale, no per-clip "
        "normalisation, the one fixed smoother. 0.5 is chance.",
    ),
    Column("auc_micro_raw", "raw", "number", "The same as AUC micro without any smoothing."),
    Column(
        "auc_macro_skip",
        "macro",
        "number",
        "Mean of the AUCs of single clips, over the clips that have both normal and anomalous frames.",
    ),
    Column("n_macro", "clips", "count", "How many clips have both classes and enter the macro mean.", "same"),
    Column(
        "auc_macro_padded",
        "macro padded",
        "number",
        "Used by several papers: a perfectly scored normal and anomalous frame is added to each clip, and it flatters.",
    ),
    Column(
        "ap",
        "AP",
        "number",
        "Average precision over all frames. Compare it with the prevalence, which a constant score reaches.",
    ),
    Column("prevalence", "prev.", "number", "Share of test frames that are anomalous; AP of a constant score.", "same"),
    Column("eer", "EER", "number", "Equal error rate: misses and false alarms equally frequent. Lower is better."),
    Column(
        "auc_pixel",
        "pixel AUC",
        "number",
        "ROC AUC over all pixels against the masks, for systems that localise and datasets with masks.",
    ),
    Column(
        "rbdc",
        "RBDC",
        "number",
        "Region-based detection: share of anomalous regions found, against false boxes a frame.",
    ),
    Column(
        "tbdc", "TBDC", "number", "Track-based detection: share of anomalous tracks found, against false boxes a frame."
    ),
    Column(
        "event_recall",
        "events seen",
        "number",
        "Share of the labelled events that an alarm overlaps. The threshold comes from held-out normal video.",
    ),
    Column(
        "detection_delay_s",
        "delay, s",
        "number",
        "Mean seconds from the start of an event to its first alarm, over the events seen. Lower is better.",
    ),
    Column(
        "false_alarms_per_hour",
        "false / h",
        "number",
        "Alarms that touch no anomalous frame, an hour of normal test frames. Few minutes of video make it coarse.",
    ),
    Column(
        "auc_legacy",
        "legacy",
        "number",
        "For comparison only: our score stretched to [0, 1] over each test clip, as most papers do, then our smoother.",
    ),
    Column(
        "ci_low", "95 % from", "number", "Lower end of the 95 % bootstrap interval of AUC micro over clips, not frames."
    ),
    Column("ci_high", "to", "number", "Upper end of the 95 % bootstrap interval of AUC micro over clips, not frames."),
    Column("seeds", "seeds", "count", "How many training seeds stand behind the row.", "made"),
    Column("auc_micro_std", "spread", "number", "Standard deviation of AUC micro over the seeds.", "made"),
    Column(
        "auc_paper",
        "obtained",
        "number",
        "Obtained here with the paper's published score and its whole protocol: the only number to hold against the claim.",
    ),
    Column(
        "paper_auc", "claimed", "number", "The AUC the paper claims; hold it against `obtained`, and no other.", "same"
    ),
    Column(
        "paper_source", "claim's source", "text", "Where the claim stands, and whether it is micro or macro.", "same"
    ),
    Column("protocol", "protocol", "text", "Name of the evaluation protocol.", "same"),
    Column(
        "config_hash",
        "config",
        "text",
        "Hash of every parameter that could change the row, and of the events marked as normal.",
        "same",
    ),
    Column(
        "notes", "notes", "text", "What a sceptic should know, e.g. choices made while looking at a test set.", "same"
    ),
)
COLUMN = {column.name: column for column in COLUMNS}
