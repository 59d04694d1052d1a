"""Who people are: phone sign-in, sessions, devices, profile.

It promises that a code works once, for three minutes, and only for the client that asked for it;
that nobody can lock another person out by asking for codes or guessing them; and that a session's
token is known to its holder alone (the database holds its hash).

- `rules`    numbers, codes, tokens, pictures: pure functions
- `quotas`   what asking and guessing costs, and whom it slows
- `service`  one use case a function
- `desk`     sign-in itself: quotas, challenge, message, session
- `guard`    turns a cookie or bearer token into `request.user`
- `sms`      senders behind one port: inbox, Twilio, SOLAPI
- `api`, `dev_inbox`  HTTP routes

It may import `talktalk.platform` and `talktalk_wire`. What it needs of higher slices comes through
`ports`.
"""
