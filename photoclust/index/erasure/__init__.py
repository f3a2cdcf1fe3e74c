"""Erasing faces and photos so that no byte of them is left, and keeping them out."""
