"""`python -m brie_bench`."""

import sys

from brie_bench.cli import main

if __name__ == "__main__":
    sys.exit(main())
