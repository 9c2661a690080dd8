"""`python -m whimbrel` is `whimbrel`."""

import sys

from whimbrel.cli import main

sys.exit(main())
