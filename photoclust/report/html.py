"""What the pages have in common: each stands alone, runs no script and loads nothing."""

from __future__ import annotations

import base64
import hashlib
import os
from importlib import resources
from typing import TYPE_CHECKING, Any

from photoclust.storage.places import cache_dir

if TYPE_CHECKING:
    import jinja2


def page_template(name: str, *styles: str, **words: Any) -> jinja2.Template:
    """Template of a page, with its style inside and a policy that allows nothing else.

    Parameters
    ----------
    name
        File of the template, which escapes what it is given.
    styles
        Files of its style.
    words
        What it may use besides what it is rendered with.
    """
    import jinja2  # what serves pages that are no templates does without

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("photoclust.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=_compiled_templates(),
    )
    style = "".join(source(file) for file in styles)
    return environment.get_template(name, globals={**words, "style": style, "policy": _policy(style)})


def _compiled_templates() -> jinja2.BytecodeCache | None:
    """Keep compiled templates, which follow from the package alone, in the user's own cache, if it may be."""
    import jinja2

    folder = cache_dir() / "templates"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError:
        return None
    return jinja2.FileSystemBytecodeCache(str(folder)) if os.access(folder, os.W_OK) else None


def image_source(jpeg: bytes | None) -> str:
    """What an ``img`` shows a thumbnail from, the only images that a page may show; ``""`` for none."""
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}" if jpeg else ""


def _policy(style: str) -> str:
    """Content security policy that allows the page's own style and thumbnails, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def source(name: str) -> str:
    """Text of a template or a style."""
    return resources.files("photoclust.report").joinpath("templates", name).read_text("utf-8")
