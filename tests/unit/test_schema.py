"""The generated schema stands in the repository as the code would write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vadflow import cli, schema


def test_the_file_is_in_step() -> None:
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), "run: vadflow schema"


def test_every_number_says_what_it_is() -> None:
    found = schema.schema()
    sections = [found["$defs"][name] for name in found["$defs"]]
    sections += [section for plugins in found["plugins"].values() for section in plugins.values()]
    bare = [
        f"{section['title']}.{key}"
        for section in sections
        for key, value in section["properties"].items()
        if key != "adapter" and "description" not in value and "$ref" not in value
    ]
    assert bare == []


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(schema, "FILE", tmp_path / "schemas" / "params.schema.json")
    assert cli.main(["schema", "--check"]) == 1
    assert cli.main(["schema"]) == 0 and "params.schema.json" in capsys.readouterr().out
    assert cli.main(["schema", "--check"]) == 0
