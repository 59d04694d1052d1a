"""Schedules: payments that are asked for again when they are due.

Owns `schedules` and `schedule_runs`, one a payment. The server signs nothing: a run that is due asks its
person, and a transfer that names the run is approved like any other.

Promises: each payment of a schedule is noticed beforehand, asked once, and paid at most once, by however
many transfers; what is due when its person is away is asked when they are back, and missed after a week.

- `rules`     when payments are due, pure
- `service`   what web does, and what the worker does when a moment has come
- `paying`    what transfers call

Imports what `transfers` may; `transfers.linked` alone imports `paying`.
"""
