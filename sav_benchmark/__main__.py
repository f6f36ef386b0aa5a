"""``python -m sav_benchmark``."""

import sys

from sav_benchmark.cli import main

if __name__ == "__main__":
    sys.exit(main())
