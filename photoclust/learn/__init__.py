"""Metric learning: labelled faces, losses, networks and the loop that trains them; without Ray or Click."""
