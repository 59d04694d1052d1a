"""`up` for tests: `run_up.py ROOT DATA PORT [lan] [dev-inbox]`, on a clone whose web app is tiny."""

import sys
from pathlib import Path

from rich.console import Console

from talktalk.supervisor.errors import StartError
from talktalk.supervisor.up import UpOptions, run

if __name__ == "__main__":
    root, data, port, *switches = sys.argv[1:]
    options = UpOptions(
        root=Path(root),
        data=Path(data),
        port=int(port),
        lan="lan" in switches,
        dev_inbox="dev-inbox" in switches,
        open_browser=False,
    )
    try:
        run(options, Console(width=200))
    except StartError as error:
        sys.exit(str(error))
