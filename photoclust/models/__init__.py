"""Embedding models: which there are, where their weights come from, and how these are checked."""
