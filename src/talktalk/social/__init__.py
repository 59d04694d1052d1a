"""Who knows whom: friends, friend requests, blocks, and finding people by number.

It promises that the two sides of a pair never disagree, whatever they do at the same moment: everything
between two people happens under the lock of one row, the pair's, and a request ends exactly once.

- `rules`    what a pair's row means for each side; which step follows from which: pure functions
- `service`  one use case a function, and what other slices may ask
- `ports`    presence, which the gateway knows
- `api`      HTTP routes

It may import `talktalk.platform`, `talktalk.identity.service` and `talktalk_wire`.
"""
