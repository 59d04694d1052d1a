"""The only door to the XRP Ledger.

Owns the connections to XRPL nodes, amounts, addresses, fees, building and hashing transactions,
submitting a stored blob, and finding out what became of it. Owns three tables: the cursor of the
ledgers that were read (`ledger_heads`), the accounts whose state is kept fresh
(`ledger_accounts`), and every transaction that was signed (`outgoing_transactions`).

Promises: a signed blob is stored before it is sent; a final state comes from a validated ledger
or from a passed `LastLedgerSequence` on history known complete, never from a submission's answer;
one number of one account is never held by two transactions that can still apply; every validated
ledger is read once and in order.

Imports `platform` and `talktalk_wire`; knows nothing of users, keys or rooms. Others enter by
`service`, `schemas`, `errors`, and the pure modules `amounts`, `addresses`, `transactions`,
`income`.
"""
