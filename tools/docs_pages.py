"""Pages of the documentation that are made from the project itself while MkDocs builds (see mkdocs.yml).

A page for each verb of the command line, from its Click command; the tree of exceptions; and the files at the
top of the project that belong to the documentation too.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from photoclust.cli import VERBS, cli

ROOT = Path(__file__).resolve().parents[1]
COPIED = {
    "deploy.md": "deploy/README.md",
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
}
_LINKS = {  # in the copied files: where a file of the project is a page of the site
    "deploy/README.md": "deploy.md",
    "docs/": "",
    "CHANGELOG.md": "changelog.md",
}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the page of every verb in the navigation."""
    reference = next(part["Reference"] for part in config.nav or [] if "Reference" in part)
    commands = next(part for part in reference if "Command line" in part)
    commands["Command line"] = ["reference/cli/index.md", *({verb: _path(verb)} for verb in VERBS)]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    pages = {"reference/cli/index.md": overview()}
    pages |= {_path(verb): verb_page(verb) for verb in VERBS}
    pages |= {page: copied(ROOT / source) for page, source in COPIED.items()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put the tree of exceptions where it is asked for; a page alone in its tab needs no list of pages."""
    if page.parent is None:
        page.meta["hide"] = ["navigation"]
    return markdown.replace("<!-- exception tree -->", exception_tree())


def on_page_content(html: str, **_: Any) -> str:
    """Keep options of commands in one line: browsers would break one after its first hyphen."""
    return re.sub(r"<pre.*?</pre>|<code>.*?</code>", _unbroken, html, flags=re.DOTALL)


def _unbroken(code: re.Match[str]) -> str:
    if code[0].startswith("<pre"):
        return code[0]
    return re.sub(r"(?<![\w-])--[a-z][a-z-]*", r'<span class="option">\g<0></span>', code[0])


def _path(verb: str) -> str:
    """Page of a verb; the page ``index`` of the folder is the list of all."""
    return f"reference/cli/{'index-photos' if verb == 'index' else verb}.md"


def overview() -> str:
    """Every verb with a sentence."""
    rows = [
        f"| [`photoclust {verb}`]({Path(_path(verb)).name}) | {text} |" for verb, (_, text) in VERBS.items()
    ]
    table = "\n".join(["| command | what it does |", "|---|---|", *rows])
    return (
        "# Command line\n\nResults go to stdout, progress to stderr. The exit code is 0 for success, 1 for a "
        "failure, 2 for a mistake in the command, 130 after Control-C and 143 after SIGTERM. Every command "
        f"takes `--help`, and `--debug` to show the traceback of an error.\n\n{table}\n"
    )


def verb_page(verb: str) -> str:
    """Usage, description and options of a verb and of the verbs below it."""
    command = cli.get_command(click.Context(cli), verb)
    assert command is not None
    return "\n".join(_sections(command, f"photoclust {verb}", 1))


def _sections(command: click.Command, name: str, level: int) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    yield f"{'#' * level} {name}\n"
    yield f"```text\n{usage(command, context)}\n```\n"
    yield prose(command.help or "")
    yield from _option_table(command, context)
    if command.epilog:
        yield prose(command.epilog)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            below = command.get_command(context, child)
            assert below is not None
            yield from _sections(below, f"{name} {child}", level + 1)


def usage(command: click.Command, context: click.Context) -> str:
    """The command with what it takes, on one line."""
    return " ".join([context.command_path, *command.collect_usage_pieces(context)])


def prose(text: str) -> str:
    """Markdown of a help text: what Click is told not to wrap (``\\b``) is code."""
    parts: list[str] = []
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if not paragraph.lstrip().startswith("\b"):
            parts.append(_escaped(paragraph) + "\n")
            continue
        title, *lines = paragraph.lstrip("\b\n").splitlines()
        code = inspect.cleandoc("\n".join(["", *lines]))
        parts.append(f"{_escaped(title)}\n\n```text\n{code}\n```\n")
    return "\n".join(parts)


def _option_table(command: click.Command, context: click.Context) -> Iterator[str]:
    options = [one for one in command.get_params(context) if isinstance(one, click.Option)]
    records = [option.get_help_record(context) for option in options]
    if any(records):
        yield "| option | meaning |\n|---|---|"
        for names, text in filter(None, records):
            yield f"| `{names}` | {_escaped(text)} |"
        yield ""


def _escaped(text: str) -> str:
    code_or_special = re.compile(r"(`[^`]*`)|([*_<>|\[\]])")
    return code_or_special.sub(lambda match: match[1] or f"\\{match[2]}", " ".join(text.split()))


def exception_tree() -> str:
    """The drawing at the top of photoclust/errors.py."""
    doc = inspect.getdoc(import_module("photoclust.errors")) or ""
    drawing = doc.split("::\n", 1)[1]
    return f"```text\n{inspect.cleandoc(drawing)}\n```"


def copied(source: Path) -> str:
    """A Markdown file of the project, its links put right for the site."""
    text = source.read_text("utf-8")
    for file, page in _LINKS.items():
        text = text.replace(f"]({file}", f"]({page}")
    return text
