"""A Ray that photoclust starts listens on the loopback interface alone, and wants a token."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.ray

SCRIPT = """
import json, os, psutil, ray
from photoclust.config import EngineConfig
from photoclust.engine.ray import runtime
with runtime(EngineConfig(num_cpus=1)):
    @ray.remote
    def mode():
        return os.environ.get("RAY_AUTH_MODE")
    modes = ray.get(mode.remote())
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    found = [c.laddr.ip for p in processes for c in p.net_connections("inet") if c.status == "LISTEN"]
print(json.dumps({"mode": modes, "listening": sorted({ip.removeprefix("::ffff:") for ip in found})}))
"""


def test_it_listens_on_the_loopback_interface_and_wants_a_token() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {"mode": "token", "listening": ["127.0.0.1"]}
