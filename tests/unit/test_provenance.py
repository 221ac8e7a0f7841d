"""The list of source files behind a script is complete: checked against what Python itself imports."""

import subprocess
import sys
from pathlib import Path

import pytest

from vadflow.provenance import PACKAGE, code

ROOT = PACKAGE.parents[1]
SCRIPTS = sorted((ROOT / "workflow" / "scripts").glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_imported_module_is_listed(script):
    program = (
        f"import runpy, sys; sys.path.insert(0, {str(ROOT / 'src')!r}); runpy.run_path({str(script)!r}); "
        "print('\\n'.join(m.__file__ for n, m in sys.modules.items() if n.split('.')[0] == 'vadflow' and m.__file__))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = {Path(line).resolve() for line in done.stdout.split()}
    listed = {(ROOT / line).resolve() for line in code(str(script), relative_to=ROOT)}
    packages = {PACKAGE / "__init__.py"} | {path for path in imported if path.name == "__init__.py"}
    assert imported - packages <= listed


def test_paths_do_not_depend_on_where_the_clone_lies():
    assert "src/vadflow/audit.py" in code(str(ROOT / "workflow/scripts/leakage_audit.py"), relative_to=ROOT)


def test_a_plugin_named_by_hand_is_listed():
    assert any(path.endswith("systems/base.py") for path in code("systems.base", relative_to=ROOT))
