"""Exchange with other programs: names and face regions in XMP."""
