"""`Exchange`: what goes out of an index to other programs, and what comes in from them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from photoclust.api.context import context_of
from photoclust.api.questions import PathOrUri, Questions, paths_of
from photoclust.workflows.export import ExportReport, export
from photoclust.workflows.export_xmp import XmpPlace, XmpReport, export_xmp
from photoclust.workflows.people.import_names import NamesImport, import_names


class Exchange(Questions):
    """What an index gives to other programs, and takes from them."""

    def export(
        self, output: PathOrUri, format: str = "csv", *, embeddings: bool = False, force: bool = False
    ) -> ExportReport:
        """Write faces and people as a table, as folders of links to the photos, or as a data set.

        Parameters
        ----------
        output
            File or folder on this machine.
        format
            ``"csv"``, ``"json"``, ``"parquet"``, ``"folders"``; ``"coco"`` or ``"fiftyone"``, one JSON that
            names photos; ``"webdataset"`` or ``"huggingface"``, folders of faces cut from their photos.
        embeddings
            Add each face's vector to a table.
        force
            Replace an existing file.

        Raises
        ------
        OutputError
            There is something already, or it cannot be written.
        IndexMissingError
            Nobody has grouped the faces yet.
        UsageError
            There is no such format.
        """
        with self._store() as store:
            return export(store, format, Path(output), embeddings, force)

    def export_xmp(
        self,
        output: PathOrUri | None = None,
        *,
        beside_photos: bool = False,
        embed: bool = False,
        by_stem: bool = False,
        keywords: bool = False,
    ) -> XmpReport:
        """Write names and face regions of people as XMP for other programs; what these wrote there stays.

        Parameters
        ----------
        output
            Folder of sidecars, each at the whole path of its photo. This, `beside_photos` or `embed`.
        beside_photos
            Sidecars beside the photos.
        embed
            Into the photos themselves, by exiftool.
        by_stem
            Call a new sidecar ``photo.xmp`` and not ``photo.jpg.xmp``.
        keywords
            Make keywords of the names as well.

        Raises
        ------
        UsageError
            No place is given, or more than one.
        OutputError
            The folder is a file, or there is no exiftool.
        IndexMissingError
            Nobody has grouped the faces yet.
        """
        place = XmpPlace(Path(output) if output else None, beside_photos, embed, by_stem)
        with self._store() as store:
            return export_xmp(store, place, keywords)

    def import_names(self, paths: PathOrUri | Iterable[PathOrUri], *, dry_run: bool = False) -> NamesImport:
        """Take over names that were given in other programs, as decisions; names that are here stay.

        Parameters
        ----------
        paths
            Files, and folders with all that is in them: XMP sidecars, photos with XMP, ``.picasa.ini`` and
            ``contacts.xml``, JSON of Google Takeout, exiftool or osxphotos, CSV.
        dry_run
            Only say what would be done.

        Raises
        ------
        UsageError
            A path is not there.
        IndexMissingError
            Nobody has grouped the faces yet.
        """
        with self._store() as store:
            return import_names(store, paths_of(paths), context_of(), dry_run)
