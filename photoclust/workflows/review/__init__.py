"""``photoclust review`` and ``photoclust serve``: an index looked at and corrected for hours, kept in memory.

`photoclust.workflows.review.session.ReviewSession` is what the HTTP interface talks to. What is said about
people goes through `photoclust.workflows.people`, as on the command line; nothing is decided here.
"""
