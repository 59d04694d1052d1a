"""Orders: one intent of several transactions, signed together under one approval.

Owns the intents (`orders`), their transactions (`order_steps`) and whom they pay (`order_items`).
What is particular to a kind of order stands behind `ports.Kind`; this package draws up, has approved,
signs, stores, releases step after step, and shows.

Promises: an idempotency key is a person's for ever and makes one order; nothing is signed but the very
set of transactions a person approved, all of it in one transaction, and whatever must wait for
something is stored `held`, so that it is sent only when it is its turn, or provably never; where an
order stands is reckoned from its steps' ends in validated ledgers alone; the card is a projection of
the rows, written in the same transaction.

Imports what `transfers` imports, and `transfers` itself.
"""
