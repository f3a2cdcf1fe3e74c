"""Findings in a data set: tables, a page, corrected folders."""
