"""MLflow is a view: it shows what the files say, and its absence changes nothing."""

import sys

import pandas as pd
import pytest

from vadflow import tracking


@pytest.fixture
def record():
    history = pd.DataFrame(
        {"phase": "joint", "step": range(200), "term": "loss", "value": [1 / (1 + i) for i in range(200)]}
    )
    scores = {"01": pd.DataFrame({"frame": [0, 1, 2], "smoothed": [0.0, 1.0, 2.0], "label": [0, 1, 1]})}
    return tracking.RunRecord(
        "plaza", "std", 0, {"frames.height": 64}, {"auc_micro": 0.9, "rbdc": None}, history, scores
    )


def log(tmp_path, record):
    table = tmp_path / "auc_table.csv"
    table.write_text("dataset,system\n")
    return tracking.log_table(
        [record], store=tmp_path / "m" / "mlflow.db", experiment="test", table=table, tags={"git_commit": "abc"}
    )


def test_parent_and_nested_runs_carry_params_metrics_curves_and_plot(tmp_path, record):
    found = log(tmp_path, record)
    assert found["tracked"], found
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{tmp_path / 'm' / 'mlflow.db'}")
    run = client.get_run(found["runs"]["plaza/std/0"])
    assert run.data.tags["mlflow.parentRunId"] == found["parent"]
    assert run.data.metrics["auc_micro"] == 0.9 and "rbdc" not in run.data.metrics
    assert run.data.params["frames.height"] == "64"
    assert 10 <= len(client.get_metric_history(run.info.run_id, "joint.loss")) <= tracking.CURVE_POINTS
    assert [item.path for item in client.list_artifacts(run.info.run_id)] == ["scores.png"]


def test_a_broken_store_is_told_not_raised(tmp_path, record):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "mlflow.db").write_text("this is no database")
    found = log(tmp_path, record)
    assert found["tracked"] is False and found["reason"]


def test_without_mlflow_the_pipeline_goes_on(tmp_path, record, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    assert log(tmp_path, record)["tracked"] is False
