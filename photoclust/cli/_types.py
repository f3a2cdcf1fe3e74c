"""Types of options that click does not have."""

from __future__ import annotations

from typing import Any

import click


class Output(click.Path):
    """A file or folder to be written on this machine."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse a URI, which would become a folder of a strange name; see `click.ParamType.convert`."""
        if "://" in str(value):
            self.fail(f"{value} is no place on this machine; write there, then copy it.", param, ctx)
        return super().convert(value, param, ctx)


class Share(click.ParamType[float]):
    """A percentage such as ``1%``, as a number in [0, 1]."""

    name = "percentage"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Convert what was typed; see `click.ParamType.convert`."""
        if isinstance(value, float):
            return value
        try:
            share = float(value.removesuffix("%")) / 100
        except ValueError:
            share = -1.0
        if not (value.endswith("%") and 0 <= share <= 1):
            self.fail(f"{value!r} is no percentage from 0% to 100%.", param, ctx)
        return share
