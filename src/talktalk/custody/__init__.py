"""Who can sign, and by whose leave.

Owns the keys (`sealed`: Ed25519 keys under envelope encryption), the verifiers of what a person
knows (payment PIN, recovery code), and the asks a person's device seals to the worker. Web writes
asks and reads public halves; only the worker opens anything.

Promises: no private key, PIN or recovery code is ever in a row, a log or web's memory; a
transaction of a person is signed only for an approval of that very transaction, used once; five
wrong tries bring a delay that grows.

Threshold custody will stand beside `sealed` behind the same port (`ports.Custody`).

Imports `platform`, `ledger` (to decode what it signs) and `talktalk_wire`.
"""
