"""Pixels to faces to vectors; pure torch and numpy."""
