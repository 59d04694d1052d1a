"""A supervisor of two stub children, to be killed: `stub_supervisor.py FOLDER [guard-only]`.

Each child has a stubborn child of its own. `FOLDER/started` tells the process ids of supervisor and guard.
With `guard-only` children are not told of their parent's death by the kernel, as on systems that cannot.
"""

import asyncio
import sys
from pathlib import Path

from talktalk.supervisor import guard
from talktalk.supervisor.folders import DataFolder, DataFolderLock
from talktalk.supervisor.processes import ChildSpec, GuardPipe, Supervisor


async def main(folder: Path) -> None:
    with DataFolderLock(DataFolder(folder)) as lock:
        lock.announce("http://localhost:1")
        pipe = GuardPipe(lock.descriptor)
        pipe.start()
        supervisor = Supervisor(pipe, print)
        for name in ("one", "two"):
            await supervisor.start(stub_spec(folder, name, "parent"))

        async def tell_guard() -> None:
            while True:
                side = folder / "guard.new"
                side.write_text(str(pipe.pid), encoding="ascii")
                side.rename(folder / "guard")
                await asyncio.sleep(0.01)

        telling = asyncio.create_task(tell_guard())
        await asyncio.sleep(0)
        (folder / "started").touch()
        await supervisor.wait(asyncio.Event())
        telling.cancel()


def stub_spec(folder: Path, name: str, *behaviours: str) -> ChildSpec:
    """Describe a stub child that is ready when it and its own child have told their ids."""
    file = folder / name
    files = [file, folder / f"{name}.child"] if "parent" in behaviours else [file]

    async def is_ready(_pid: int) -> bool:
        return all(file.exists() for file in files)

    def forget() -> None:
        for file in files:
            file.unlink(missing_ok=True)

    program = str(Path(__file__).with_name("stub_child.py"))
    return ChildSpec(
        name=name,
        command=lambda: [sys.executable, "-I", program, str(file), *behaviours],
        environment={},
        log=folder / f"{name}.log",
        is_ready=is_ready,
        before_start=forget,
    )


if __name__ == "__main__":
    if "guard-only" in sys.argv:
        guard.die_with_parent = lambda death_signal: None
    asyncio.run(main(Path(sys.argv[1])))
