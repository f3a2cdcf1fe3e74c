"""Exchange with other programs: XMP, names that were given elsewhere, data sets."""
