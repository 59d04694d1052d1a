"""A child for tests: `stub_child.py FILE [BEHAVIOUR…]` writes its process id to FILE, then behaves as told.

Behaviours: `stubborn` ignores SIGTERM; `parent` starts a child of its own (FILE.child) that ignores SIGTERM;
`fail` complains and exits.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main() -> None:
    file, *behaviours = sys.argv[1:]
    if "fail" in behaviours:
        sys.exit("this child cannot start: the moon is full")
    if "stubborn" in behaviours:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "parent" in behaviours:
        subprocess.Popen([sys.executable, __file__, f"{file}.child", "stubborn"])
    side = Path(f"{file}.new")
    side.write_text(str(os.getpid()), encoding="ascii")
    side.rename(file)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
