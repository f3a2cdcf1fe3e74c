"""The nearest-neighbour graph of embeddings: exact, approximate, and its near-duplicates."""
