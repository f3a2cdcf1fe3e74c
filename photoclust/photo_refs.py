"""Photos that a source has found and nobody has opened yet, and what tells whether they have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import pyarrow as pa


class VersionKind(Enum):
    """What a version is made of; the value is how its text in an index begins."""

    MODIFIED = ""
    """When the file was written, in nanoseconds since 1970."""
    CONTENT = "etag:"
    """A tag that the content has. Where tags differ, nothing is read to find copies."""
    REFUSED = "refused: "
    """Not to be opened; the value is the reason."""
    UNREACHABLE = "missing"
    """The file could not be looked at."""


@dataclass(frozen=True, slots=True)
class Version:
    """Changes when the content of a photo may have.

    Attributes
    ----------
    kind
        What the value is.
    value
        Nanoseconds, a tag, or the reason why the photo is not to be opened. Of a member of an archive or a
        table it is the value of that container.
    place
        Of such a member where it lies: the offset in a tar, or ``GROUP.ROW`` in a table; else empty.
    """

    kind: VersionKind
    value: str = ""
    place: str = ""

    @classmethod
    def modified(cls, nanoseconds: int) -> Version:
        """Version of a local file."""
        return cls(VersionKind.MODIFIED, str(nanoseconds))

    @classmethod
    def content(cls, tag: str) -> Version:
        """Version of an object."""
        return cls(VersionKind.CONTENT, tag)

    @classmethod
    def refused(cls, reason: str) -> Version:
        """Version of what is not to be opened."""
        return cls(VersionKind.REFUSED, reason)

    def at(self, place: str) -> Version:
        """Version of the member that lies at a place in the container of this version."""
        return replace(self, place=place)

    @property
    def is_refused(self) -> bool:
        """Whether the photo is not to be opened."""
        return self.kind is VersionKind.REFUSED

    @property
    def names_content(self) -> bool:
        """Whether the same content has the same version wherever it lies."""
        return self.kind is VersionKind.CONTENT

    def __str__(self) -> str:
        """Text of the version, as an index keeps it."""
        return f"{self.kind.value}{self.value}" + (f"@{self.place}" if self.place else "")

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read the text that an index keeps; whatever it is, the result has the same text.

        A tag may end as a member's place does. Such a version has the right text all the same, and texts are
        what is compared.
        """
        if text == VersionKind.UNREACHABLE.value:
            return UNREACHABLE
        if text.startswith(VersionKind.REFUSED.value):
            return cls.refused(text.removeprefix(VersionKind.REFUSED.value))
        kind = VersionKind.CONTENT if text.startswith(VersionKind.CONTENT.value) else VersionKind.MODIFIED
        value, at, place = text.removeprefix(kind.value).rpartition("@")
        if at and place.replace(".", "", 1).isdecimal():
            return cls(kind, value, place)
        return cls(kind, text.removeprefix(kind.value))


UNREACHABLE = Version(VersionKind.UNREACHABLE)
"""Version of a photo that could not be looked at."""


@dataclass(frozen=True, slots=True)  # of these there is one for each photo
class PhotoRef:
    """A photo that a source has found and nobody has opened yet.

    Attributes
    ----------
    uri
        Absolute path of a local file, URI of an object, or one of these with ``!/`` and the name of a
        member of the archive or table, or the number of a further page of the TIFF, that lies there.
    size
        Bytes; of the rows of a table their mean.
    version
        Changes when the content may have.
    """

    uri: str
    size: int
    version: Version

    def row(self) -> dict[str, Any]:
        """Values of the columns of REF_SCHEMA and of a photo's row that speak of the file."""
        return {"uri": self.uri, "size": self.size, "version": str(self.version)}

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> PhotoRef:
        """Inverse of `row`; other columns are passed over."""
        return cls(row["uri"], row["size"], Version.parse(row["version"]))


REF_SCHEMA = pa.schema(
    [("uri", pa.string()), ("size", pa.int64()), ("version", pa.string()), ("attempts", pa.int32())]
)


def ref_table(refs: list[PhotoRef], attempts: list[int]) -> pa.Table:
    """Photos to be worked on, with how often each has been tried before."""
    columns = {
        "uri": [ref.uri for ref in refs],
        "size": [ref.size for ref in refs],
        "version": [str(ref.version) for ref in refs],
    }
    return pa.table(columns | {"attempts": attempts}, schema=REF_SCHEMA)
