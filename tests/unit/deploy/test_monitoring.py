"""Alert rules and dashboard ask for what photoclust exports, in words that Prometheus understands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from monitoring import dashboard, expressions, metrics_used, rules
from ray.util import metrics

from photoclust.engine.metrics import StreamMetrics

SUFFIXES = {"Counter": ("_total",), "Gauge": ("",), "Histogram": ("_bucket", "_sum", "_count")}
OF_KUBERNETES = {"kube_cronjob_status_last_successful_time"}
RAYS_LABELS = {"le", "NodeAddress", "Name", "State", "operator"}


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """Names of the metrics of a stream as Ray exports them, with their tags."""
    found: dict[str, set[str]] = {}

    def stand_in(kind: str) -> type:
        class Metric:
            def __init__(self, name: str, description: str, *rest: Any) -> None:
                tags = rest[-1]
                found.update({f"ray_{name}{suffix}": set(tags) for suffix in SUFFIXES[kind]})

            def set_default_tags(self, tags: dict[str, str]) -> None:
                pass

            def set(self, value: float) -> None:
                pass

        return Metric

    for kind in SUFFIXES:
        monkeypatch.setattr(metrics, kind, stand_in(kind))
    StreamMetrics(3, "")
    return found


def test_the_metrics_are_those_that_are_exported(exported: dict[str, set[str]]) -> None:
    ours = {name for name in metrics_used() if name.startswith("ray_photoclust_")}
    assert ours <= set(exported)
    told = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in ours}
    assert {
        name.partition("_bucket")[0] for name in exported if not name.endswith(("_sum", "_count"))
    } == told
    assert {name for name in metrics_used() if name.startswith("kube_")} <= OF_KUBERNETES


def test_the_labels_are_those_that_are_exported(exported: dict[str, set[str]]) -> None:
    known = set.union(*exported.values()) | RAYS_LABELS
    for expression in expressions():
        named = re.findall(r"[{,]\s*(\w+)\s*=~?", expression)
        grouped = [
            word for found in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for word in found.split(", ")
        ]
        assert {*named, *grouped} - {"cronjob"} <= known, expression
    for tags in exported.values():
        assert not tags & {"job", "instance"}, "Prometheus has these for the target and would rename ours"


def parsed() -> Iterator[Any]:
    parser = pytest.importorskip("promql_parser", reason="comes with the extra dev")
    return (parser.parse(expression) for expression in expressions())


def test_prometheus_understands_every_expression() -> None:
    assert len(list(parsed())) > 15


def test_every_alert_says_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    for rule in rules():
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("info", "warning", "critical")
        assert set(rule["annotations"]) == {"summary", "description"}


def test_the_dashboard_is_whole() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [tuple(panel["gridPos"][key] for key in "xywh") for panel in panels]
    for x, y, w, h in places:
        assert x + w <= 24
        assert sum(x < a + c and a < x + w and y < b + d and b < y + h for a, b, c, d in places) == 1
    assert {variable["name"] for variable in dashboard()["templating"]["list"]} == {"datasource", "job"}
