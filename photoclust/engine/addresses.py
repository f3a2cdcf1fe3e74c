"""Addresses of clusters as they may be shown: without the password that stands in some."""

from __future__ import annotations

import re

_OF_URL = re.compile(r"\b((?:https?|ray)://)[^\s'\"]*@", re.IGNORECASE)


def without_password(text: str, address: str | None = None) -> str:
    """Text without user and password of the URLs in it, and of `address`, which may lack the ``http://``."""
    head, at, _ = (address or "").rpartition("@")
    own = head.rpartition("://")[2] if at else ""
    return _OF_URL.sub(r"\1", text.replace(f"{own}@", "") if own else text)
