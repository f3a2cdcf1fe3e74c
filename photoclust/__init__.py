"""photoclust: find the faces in a photo collection and group them into people."""

__version__ = "0.1.0"
