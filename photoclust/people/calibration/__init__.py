"""How much a similarity says, for each embedder."""
