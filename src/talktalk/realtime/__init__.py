"""The WebSocket gateway: sockets, ordered delivery, resume, presence, typing.

It promises that a room's events reach each socket strictly by `seq`, without a gap or a repeat, and
that a user's own events do so by the user's `seq`, whatever is lost on the way; and that no slow,
silent or hostile socket costs the others anything.

- `protocol`   the frames: types, structs, codes
- `framing`    WebSocket bytes (RFC 6455)
- `server`     uvicorn's protocol, which hands an accepted socket's bytes straight to us
- `wires`      the two ways a socket can be written to
- `sockets`    one connected device: limits, errors, closing
- `channels`   one gap-free sequence and who follows it
- `gateway`    all of them: handshake, hello, dispatch, sweeps
- `presence`   leases, who is online, who may know
- `handshake`  who connects
- `bus`        what other processes and slices publish; `ports` what the gateway asks of others

Slices register their frames in `talktalk.app`. It may import `platform`, `identity.service` and
`social.service`.
"""
