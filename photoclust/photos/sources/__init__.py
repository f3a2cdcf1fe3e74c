"""Where photos come from: folders, lists, buckets, archives and tables."""
