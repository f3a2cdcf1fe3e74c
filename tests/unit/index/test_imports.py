"""What a correction imports before it begins: it is to be done before its user looks up."""

from __future__ import annotations

import subprocess
import sys


def test_corrections_do_not_import_pandas() -> None:
    code = "import sys, photoclust.workflows.people.correct; print('pandas' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
