"""PostgreSQL's twin in memory, behind the same port: `Database` over an engine that keeps no file.

What the services use stays real: SQLAlchemy's sessions, its unit of work and its compiled
statements. Only the last step is ours. `dialect` takes each compiled statement where a driver would
send its text; `statements` and `expressions` turn it, once per shape, into closures over rows;
`store` keeps the rows with the visibility, locks and constraints of PostgreSQL at READ COMMITTED.

A shape that was never met fails at once with its text (`UnknownShape`): nothing is guessed. One
suite runs the same statements here and on PostgreSQL and compares what both say.

It imports the standard library, SQLAlchemy and psycopg's error classes, and no slice.
"""
