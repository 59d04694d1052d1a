"""What `talktalk up` is made of: it starts, watches, restarts and stops every process of one
machine.

Composition only; nothing here knows what a message or a payment is. The parts:

- `errors`     what can stop a start, each with one sentence and a way out
- `accounts`   the unprivileged user that PostgreSQL runs as when we are root
- `folders`    the data folder: where it lies, what is in it, the lock that one supervisor holds
- `secrets`    the key files, made once and handed to the processes that may read them
- `postgres`   embedded PostgreSQL: initdb, settings, start, stop
- `processes`  child processes: spawned, watched, restarted with back-off, stopped in order
- `guard`      the process that stops the children when the supervisor itself is killed
- `web_build`  builds the web app once, stamped by the hash of its sources
- `lan`        certificates, names, addresses and the QR code for `--lan`
- `up`         the order in which all of this happens
- `checks`     the stages of `talktalk test` and their summary

It may import `talktalk.config` and, late, `talktalk.platform.migrate`; nothing imports it but
`talktalk.cli` and tests.
"""
