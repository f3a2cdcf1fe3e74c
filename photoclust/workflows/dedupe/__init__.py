"""``photoclust dedupe``: a labelled data set held against its faces."""
