"""The index that photos go into: opened, or made with the settings that were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from photoclust.config import BFLOAT16, FLOAT32, INT8, CollectionConfig, IndexSettings
from photoclust.index.place import Location
from photoclust.index.store import IndexStore
from photoclust.machine import gpu_has_bfloat16, has_bfloat16, has_int8
from photoclust.models.weights import card_of, settings_of, weights_path, weights_sha256
from photoclust.photos.sources.search import Search


@dataclass(frozen=True)
class PhotoOptions:
    """What a user may say about indexing; None leaves it to the index, or to the default of a new one.

    Parameters
    ----------
    model
        Embedding model; see `photoclust.models.cards`.
    min_face_size
        Smallest face that is looked for, in pixels.
    max_pixels
        Photos with more pixels are refused.
    retry_failed, missing
        See `photoclust.config.CollectionConfig`.
    image_column
        Column of Parquet files that holds the photos; found by default.
    exclude, include
        Patterns of names; see `photoclust.photos.sources.selection`.
    """

    model: str | None = None
    min_face_size: int | None = None
    max_pixels: int | None = None
    retry_failed: bool = False
    missing: str = "check"
    image_column: str | None = None
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    def search(self, photos: Sequence[str]) -> Search:
        """A search for photos that asks for these."""
        return Search(photos, self.image_column, self.exclude, self.include)

    def collection(self, search: Search) -> CollectionConfig:
        """What a run over the photos of a search may take for granted."""
        return CollectionConfig(search.prefixes(), self.missing, self.retry_failed)

    def settings(self, there: IndexSettings) -> IndexSettings:
        """Settings of an index with what was asked for in place of what is there."""
        decode, detect = there.decode, there.detect
        if self.max_pixels is not None:
            decode = replace(decode, max_pixels=self.max_pixels)
        if self.min_face_size is not None:
            detect = replace(detect, min_face_size=self.min_face_size)
        if self.model not in (None, there.embed.model):
            there = with_model(there, self.model)
        return replace(there, decode=decode, detect=detect)


def with_model(settings: IndexSettings, model: str) -> IndexSettings:
    """Settings with another model, and the crops that it takes.

    Raises
    ------
    WeightsError
        The model is not known.
    """
    crop, embed = settings_of(model)
    return replace(settings, crop=crop, embed=embed)


def open_index(folder: Location, options: PhotoOptions) -> IndexStore:
    """Open the index at `folder`, or make it, with the settings that `options` ask for.

    Raises
    ------
    IndexMismatchError
        The index holds embeddings of another model, or was made with other settings.
    WeightsError
        The model is not known, or its weights are not here.
    """
    if not IndexStore.exists(folder):
        settings = fastest(options.settings(IndexSettings()))
        weights_path(settings.embed.model)
        return IndexStore.create(folder, settings, weights_sha256(settings.embed.model))
    store = IndexStore.open(folder)
    settings = options.settings(store.settings)
    store.require(settings, weights_sha256(settings.embed.model))
    return store.with_settings(settings)


def fastest(settings: IndexSettings) -> IndexSettings:
    """The same settings in the precision, of those the model may have, that is quickest on this machine."""
    card, quickest = card_of(settings.embed.model), FLOAT32
    if card.int8_sha256 and has_int8():
        quickest = INT8
    elif card.bfloat16 and (has_bfloat16() or gpu_has_bfloat16()):
        quickest = BFLOAT16
    return replace(settings, embed=replace(settings.embed, precision=quickest))
