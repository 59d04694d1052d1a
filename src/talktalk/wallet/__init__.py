"""A person's wallet: address, balances, devices that may spend, PIN and recovery, activity.

Owns which account is whose (`wallets`), which devices a person trusts with it
(`wallet_devices`), how a new device earns that trust (`recoveries`), and what moved
(`activities`). Balances are the ledger's: they are read from the rows that validated ledgers left.

Promises: an account is made once for a person and keeps its address; what a wallet shows is of one
validated ledger; a movement appears once; a new device spends only after a delay during which every
trusted device was told and could veto.

Imports `identity`, `custody`, `ledger`, `platform` and `talktalk_wire`. Web reads and asks; what
needs a key is in `deciders` and `funding`, which run in the worker.
"""
