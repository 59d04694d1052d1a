"""Requests: asking for money, splitting a bill, settling up. A request moves nothing by itself.

Owns `money_requests`, their shares (one a person asked) and `money_request_credits`: which transfer
pays how much of which share. A share's state is counted from its transfers' states and from how it
was closed (`rules.state_of`), under the request's lock; nothing is added up twice or forgotten.

Promises: parts add up to the total to the smallest unit; a share is never paid beyond its amount, by
however many payments at once; what is on its way when a request ends still counts.

- `service`   what web does: split, ask, decline, cancel, remind, read
- `paying`    what transfers call: may this be paid, what has become of it
- `settling`  who pays whom so that a room is even, pure

Imports what `transfers` may, and of `transfers` its tables; `transfers.linked` alone imports `paying`.
"""
