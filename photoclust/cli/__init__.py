"""The command line: one small module for each family of verbs, imported when its verb is used.

`main` is the only place where an error becomes a message and an exit code.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from photoclust import __version__
from photoclust.cli import _environment, _failures, _signals
from photoclust.cli._progress import LOG, start_log
from photoclust.engine.addresses import without_password
from photoclust.errors import EngineError, PhotoclustError
from photoclust.limits import limited

# verb: (module, what it does); shown by --help without importing anything
VERBS = {
    "run": ("run", "Index photos, group their faces into people and write the review page."),
    "index": ("index", "Find and embed the faces of new and changed photos."),
    "watch": ("watch", "Keep an index up to date as photos arrive."),
    "cluster": ("cluster", "Group the faces of an index into people."),
    "status": ("status", "Say what an index holds and what to do next."),
    "check": ("check", "Verify everything in an index, and say what to do about damage."),
    "diff": ("diff", "Say what became of people from one grouping to another."),
    "people": ("people", "List people, and correct them for good: name, merge, split, reject ..."),
    "review": ("review", "Name and correct people in a browser."),
    "serve": ("serve", "Serve the pages of review, and an HTTP interface."),
    "export": ("export", "Write faces and people as tables, folders of links, XMP, or data sets."),
    "evaluate": ("evaluate", "Say how well the people found agree with labels."),
    "sweep": ("sweep", "Compare groupings under one setting after another."),
    "dedupe": ("dedupe", "Find what is wrong with the labels of a data set."),
    "find": ("find", "List the photos in which certain people are."),
    "identify": ("identify", "Say who the people in photos are."),
    "enroll": ("enroll", "Put a person into an index by name, known from one photo or a few."),
    "verify": ("verify", "Say whether two photos show the same person."),
    "explain": ("explain", "Say why two faces are, or are not, one person."),
    "forget": ("forget", "Erase people or photos from an index, for good."),
    "migrate": ("migrate", "Embed an index by another model; the people stay who they are."),
    "calibrate": ("calibrate", "Measure what the distances of a model mean, on faces of an index."),
    "models": ("models", "List, fetch, import and remove embedding models."),
    "train": ("train", "Learn from labelled faces: contrastive and triplet losses, judged on other people."),
    "submit": ("submit", "Run any verb on a Ray cluster."),
    "jobs": ("jobs", "See, follow and stop the jobs of a Ray cluster."),
    "demo": ("demo", "Try everything on a small album made on the spot."),
    "doctor": ("doctor", "Check this machine: what works and what to do about what does not."),
}

EPILOG = """\b
Examples:
  photoclust run ~/Pictures --index ~/people
  photoclust status --index ~/people
  photoclust export --index ~/people --format csv --output faces.csv
"""


class _Verbs(click.Group):
    """A group that knows its verbs by name and imports a module only to use it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        command = getattr(import_module(f"photoclust.cli.{VERBS[cmd_name][0]}"), cmd_name)
        if not any(option.name == "debug" for option in command.params):
            command.params.append(_debug_option())
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in VERBS.items()])


def _remember_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        ctx.find_root().meta["debug"] = True
        _environment.keep(_environment.DEBUG, "1")


def _debug_option() -> click.Option:
    return click.Option(
        ["--debug"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        callback=_remember_debug,
        help="Show the traceback of an error.",
    )


@click.group(cls=_Verbs, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, package_name="photoclust")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Find the faces in a photo collection and group them into people."""
    ctx.with_resource(limited(_environment.limits()))


cli.params.append(_debug_option())


def main() -> None:
    """Run the command line; see README for the exit codes."""
    try:
        _signals.install()
        start_log()
        _greet_submitter()
        ended = cli.main(standalone_mode=False)  # the exit code where a command ends early
        sys.stdout.flush()  # here, not when Python ends, where a full disk would pass without a word
        sys.exit(ended if isinstance(ended, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _signals.say_interrupted()
        sys.exit(_signals.exit_code())
    except BrokenPipeError:  # the reader of our output has gone, as with `| head`
        _signals.drop_output()
        sys.exit(1)
    except Exception as error:  # the last border of all: whatever it is, one sentence and an exit code
        # after SIGHUP there is no terminal to write to, which may be what went wrong
        sys.exit(_signals.exit_code() if _signals.received() else _report(error))


def _greet_submitter() -> None:
    """In a submitted job, say so at once, and make sure that those who submitted it mean this photoclust."""
    job_id, theirs = _environment.job_id(), _environment.submitted_by()
    if theirs and theirs != __version__:
        raise EngineError(
            f"The cluster has photoclust {__version__}, but {theirs} submitted this job; install the same "
            "on both sides, or send yours along with --working-dir."
        )
    if job_id:
        LOG.info("photoclust %s, job %s", __version__, job_id)


def _report(error: Exception) -> int:
    if _environment.debug():
        import traceback

        sys.stderr.write(without_password("".join(traceback.format_exception(error))))
    if isinstance(error, PhotoclustError):
        LOG.error("Error: %s", without_password(error.on_command_line))
        return error.exit_code
    LOG.error("Error: %s", without_password(_failures.sentence(error)))
    if isinstance(error, OSError):
        _signals.drop_output()
    return 1
