"""Questions before what cannot be taken back."""

from __future__ import annotations

import click


def require_yes(question: str, otherwise: str) -> None:
    """Ask on the terminal, and end the command unless the answer is yes.

    Parameters
    ----------
    question
        What is asked; the answer is no by default.
    otherwise
        What to say after any other answer, such as that nothing was done.
    """
    try:
        yes = click.confirm(question, err=True)
    except click.Abort as error:  # Control-C, or the end of the input
        click.echo(f"\n{otherwise}", err=True)
        raise click.exceptions.Exit(130) from error
    if not yes:
        click.echo(otherwise, err=True)
        raise click.exceptions.Exit(1)
