"""``python -m function.command``: the command where its script is not on the path."""

import sys

from function.command.main import main

sys.exit(main())
