"""TalkTalk, the application: a modular monolith of slices.

Layers, low to high: `platform`; `identity | ledger`; `social | custody`; `realtime | wallet`;
`chat`; `transfers`; `app`. A slice is entered by its `service`, `schemas`, `events` and `errors`;
import contracts in `pyproject.toml` keep it so. `app`, `worker` and `cli` compose and do nothing
else.
"""
