"""Where the web application may be reached, and by whom."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from photoclust.errors import UsageError

PORT = 8017
"""Port that is taken where none is named and nobody else has it."""

_LEAST_PASSWORD = 8
_LONGEST_PASSWORD = 1024


@dataclass(frozen=True)
class ServeOptions:
    """Where the application is reached.

    Parameters
    ----------
    host
        Address to listen at.
    port
        Port; None for `PORT` or, where that is taken, any that is free; 0 for any that is free.
    password_file
        A file whose first line lets in whoever knows it; needed beyond this machine.
    names
        Further names by which the server is called, as of a proxy before it.
    enrolled_photos
        Folder that keeps photos which are sent to enroll somebody; None where nobody can be.

    Raises
    ------
    UsageError
        Other machines could reach it without a password, the password cannot be used, or the folder is none.
    """

    host: str = "127.0.0.1"
    port: int | None = None
    password_file: Path | None = None
    names: tuple[str, ...] = ()
    enrolled_photos: Path | None = None
    password: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        if self.password_file is not None:
            object.__setattr__(self, "password", _password_in(self.password_file))
        if not self.is_local and not self.password:
            raise UsageError(
                f"At {self.host} other machines could reach the photos. Name a file that holds a password "
                "with --password-file, or stay at 127.0.0.1."
            )

        place = self.enrolled_photos
        if place is not None and place.exists() and not place.is_dir():
            raise UsageError(f"{place} is no folder that photos could be kept in.")

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether an address means this machine and no other can reach it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _password_in(path: Path) -> str:
    try:
        text = path.read_text("utf-8")[: _LONGEST_PASSWORD + 1]
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"The password in {path} cannot be read: {reason}.") from error
    password = (text.splitlines() or [""])[0].strip()
    if not _LEAST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
        raise UsageError(
            f"The first line of {path} must be a password of {_LEAST_PASSWORD} characters or more."
        )
    return password
