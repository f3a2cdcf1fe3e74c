"""Entry point of a Ray job: the arguments are those of ``photoclust run``.

ray job submit --address http://HEAD:8265 --working-dir . -- python jobs/run.py PHOTOS --index DIR
"""

import os
import sys

from photoclust.cli import main

os.environ.setdefault("PHOTOCLUST_ADDRESS", "auto")
sys.argv[1:1] = ["run"]
main()
