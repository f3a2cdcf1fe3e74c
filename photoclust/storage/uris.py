"""URIs of objects: ``SCHEME://BUCKET/KEY?OPTIONS``.

A key may hold anything. Only what would be taken for grammar is escaped in it (``%``, ``?``, ``#``, ``!``),
so that most keys look as they do in other tools, and no key can be read as options: an endpoint that a key
could name would be sent signed requests.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from photoclust.errors import UsageError

OPTIONS = ("endpoint_override", "region", "anonymous")
_BEGINS = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_URI = re.compile(r"([a-z][a-z0-9+.-]*)://([^/?#]*)(?:/([^?#]*))?(?:\?(.*))?", re.IGNORECASE | re.DOTALL)
_ESCAPES = {"%": "%25", "?": "%3F", "#": "%23", "!": "%21"}


@dataclass(frozen=True)
class Place:
    """A bucket and how to reach it.

    Attributes
    ----------
    scheme, bucket
        Such as ``s3`` and the bucket's name.
    options
        Pairs of an option's name and its value: ``endpoint_override``, ``region``, ``anonymous``.
    """

    scheme: str
    bucket: str
    options: tuple[tuple[str, str], ...] = ()

    def uri(self, key: str) -> str:
        """URI of an object in this bucket."""
        query = f"?{urlencode(self.options, safe='/:')}" if self.options else ""
        return f"{self.scheme}://{self.bucket}/{escaped(key)}{query}"

    def option(self, name: str) -> str | None:
        """Value of an option, if it was given."""
        return dict(self.options).get(name)

    @property
    def is_anonymous(self) -> bool:
        """Whether requests are to be made without credentials."""
        said = self.option("anonymous")
        return said is not None and said.lower() in ("", "1", "true", "yes")


def is_object_uri(text: str) -> bool:
    """Tell whether `text` is a URI of something that is no local file."""
    return bool(_BEGINS.match(text)) and not text.startswith("file://")


def parse_uri(uri: str) -> tuple[Place, str]:
    """Part a URI into the bucket and the key.

    Raises
    ------
    UsageError
        When it names no bucket, or an option that is not known.
    """
    match = _URI.fullmatch(uri)
    if match is None or not match[2]:
        raise UsageError(f"{uri!r} names no bucket; write it as s3://BUCKET/PREFIX.")
    options = tuple(parse_qsl(match[4] or "", keep_blank_values=True))
    for name, _ in options:
        if name not in OPTIONS:
            raise UsageError(f"{uri!r} has an unknown option {name!r}; known are {', '.join(OPTIONS)}.")
    return Place(match[1].lower(), match[2], options), unescaped(match[3] or "")


def escaped(key: str) -> str:
    """Write a key so that nothing in it is taken for grammar."""
    return re.sub("[%?#!]", lambda found: _ESCAPES[found[0]], key)


def unescaped(text: str) -> str:
    """Inverse of `escaped`; other percent signs are left alone."""
    return re.sub("%(25|3F|23|21)", lambda found: chr(int(found[1], 16)), text, flags=re.IGNORECASE)
