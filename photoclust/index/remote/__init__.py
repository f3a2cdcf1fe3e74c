"""Indexes in an object store: a working copy in the cache folder, a lease for the one who writes."""
