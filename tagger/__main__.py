"""`python -m tagger`, the same as `tagger`."""

import sys

from tagger.cli import main

sys.exit(main())
