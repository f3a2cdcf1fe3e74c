"""What the alert rules and the dashboard of deploy/ ask Prometheus for."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parents[1] / "deploy" / "kubernetes" / "components" / "monitoring"
NAME = re.compile(r"\b(?:ray|kube)_\w+")


def rules() -> list[dict[str, Any]]:
    """All alert rules."""
    groups = yaml.safe_load((FOLDER / "prometheus-rule.yaml").read_text())["spec"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    return json.loads((FOLDER / "dashboard.json").read_text())


def expressions() -> list[str]:
    """What both ask for, with Grafana's variables filled in."""
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    for variable, value in (("$__rate_interval", "1m"), ("$__range", "6h"), ("$job", ".*")):
        panels = [expression.replace(variable, value) for expression in panels]
    return [*(rule["expr"] for rule in rules()), *panels]


def metrics_used() -> set[str]:
    """Names of the metrics that both ask for."""
    return {name for expression in expressions() for name in NAME.findall(expression)}
