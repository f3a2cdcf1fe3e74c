"""What of a collection is new, changed, missing or known: the work a run has to do."""
