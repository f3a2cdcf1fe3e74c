"""File formats: which bytes a picture follows from, without decoding it."""
