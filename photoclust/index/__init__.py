"""The Parquet store: what lies on disk, and how it stays whole."""
