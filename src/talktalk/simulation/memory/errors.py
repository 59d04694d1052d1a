"""What goes wrong in the store: psycopg's own classes, so that nobody above can tell the difference.

psycopg.OperationalError
├── ConnectionLost         the server or the way to it is gone
├── DeadlockDetected       (psycopg.errors) 40P01
└── QueryCanceled          (psycopg.errors) 57014, `statement_timeout`
psycopg.IntegrityError
├── UniqueViolation, ForeignKeyViolation, NotNullViolation   (psycopg.errors)
UnknownShape               a statement the store has not learned; never caught
"""

import psycopg


class ConnectionLost(psycopg.OperationalError):
    """The connection broke. Whether a commit under way was made nobody can say."""


class UnknownShape(BaseException):
    """A statement of a shape the memory store has not learned: teach it, with a case in the shared suite.

    It is no `Exception`, so that no loop that begins again after failures can hide it.
    """
