"""Rooms and messages: who is in a room, what happened in it in which order, how far each has read.

It promises that a room's `seq` has no gap, that a message is on disk before its sender hears so, that
(sender, `client_id`) makes one message however often it is sent, and that a card shows the same to
everybody in the room.

- `writer`   group commit: the way of nearly every message; `pipe` is its connection
- `service`  everything else that changes a room, in the caller's transaction
- `reader`   what the gateway and history read, on connections of their own
- `cursors`  read cursors, gathered and written twice a second
- `frames`   the WebSocket frames of chat; `api` its HTTP routes

It may import `platform`, `identity.service`, `social.service` and `realtime`. It knows nothing of
money: a message has a `kind` and a `ref`, and whoever owns the `ref` keeps its card fresh.
"""
