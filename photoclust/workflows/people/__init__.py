"""``photoclust people``: who there is, what is said about them, what to ask."""
