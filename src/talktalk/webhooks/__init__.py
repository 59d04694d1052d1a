"""Webhooks: what happens to a person, told to addresses they register, signed, until it is accepted.

The source is the person's own sequence (`platform.feed`): its events are written in the transaction of
their facts and have gap-free positions, so it already is an outbox. An endpoint keeps a position in it. The
fan-out turns events after the position into deliveries, queues their jobs and moves the position, in one
transaction; nothing is lost or doubled by a crash, and who writes a fact pays nothing for webhooks.

Owns endpoints, deliveries and attempts. May import identity, platform and the
wallet's cursors; slices that write events know
nothing of it.
"""
