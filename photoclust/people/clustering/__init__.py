"""From the graph to people: HDBSCAN, joining, verification, membership, the same-photo rule."""
