"""``python -m photoclust`` is ``photoclust``."""

from photoclust.cli import main

main()
