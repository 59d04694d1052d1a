"""What can stop a start. Each error is one clear sentence and a way out, and nothing else is
printed.

StartError
├── DataFolderError            the data folder cannot be used (unwritable, unreachable, not ours)
│   ├── DataFolderBusy         another `up` runs on it
│   └── DataFolderCorrupt      what is in it cannot be started from
├── KeyFileError               a key file is missing, open to others, or malformed
├── PortTaken                  somebody else listens on the port
├── PostgresError              PostgreSQL could not be installed, started or stopped
├── WebBuildError              the web app could not be built
├── ChildFailed                a process died too often, or never became ready
└── MissingPart                a program or a part of this installation is not there
"""


class StartError(Exception):
    """A start that cannot go on.

    `sentence` says what is wrong, `way_out` what the reader can do about it; both are shown as they
    are.
    """

    def __init__(self, sentence: str, way_out: str) -> None:
        super().__init__(f"{sentence} {way_out}")
        self.sentence = sentence
        self.way_out = way_out


class DataFolderError(StartError):
    """The data folder cannot be used: not writable, out of PostgreSQL's reach, not a folder."""


class DataFolderBusy(DataFolderError):
    """Another supervisor holds the data folder's lock."""


class DataFolderCorrupt(DataFolderError):
    """The data folder holds something that cannot be started from."""


class KeyFileError(StartError):
    """A key file is missing though its data exists, can be read by others, or is malformed."""


class PortTaken(StartError):
    """Another program listens on the port that the address needs."""


class PostgresError(StartError):
    """PostgreSQL could not be installed, started or stopped."""


class WebBuildError(StartError):
    """The web app could not be built."""


class ChildFailed(StartError):
    """A child process died too often within its window, or was not ready in time."""


class MissingPart(StartError):
    """A program or a part of this installation that the command needs is not there."""
