"""Transfers: one intent moves money exactly once or not at all, and everyone sees which.

Owns the intents (`transfers`), their state machine (`rules.TRANSITIONS`), the draft a person
approves, and the card that shows the state in a room.

Promises: an idempotency key is a person's for ever and makes one intent; a transaction is signed
only for an approval of its own hash, and only while no other signed transaction of the intent can
still apply; a terminal state comes from a validated ledger, or from a window that passed on history
known complete; the card is a projection of the row, written in the same transaction.

Imports `wallet`, `custody`, `ledger`, `social`, `identity`, `platform` and `talktalk_wire`; reaches
rooms through `ports.Rooms`, which the composition fills with `chat`.
"""
