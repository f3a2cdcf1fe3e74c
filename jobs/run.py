"""Entry point of a Ray job: the arguments are those of ``photoclust run``.

ray job submit --address http://HEAD:8265 -- python jobs/run.py PHOTOS --index DIR --address auto
"""

import sys

from photoclust.cli import main

sys.argv[1:1] = ["run"]
main()
