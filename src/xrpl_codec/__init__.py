"""The XRP Ledger's bytes: fields, amounts, addresses, hashes, keys. No I/O; imports nothing of ours.

`fields` reads the definitions; `binary` turns objects into canonical bytes and back; `json_form` into what
clients see; `formats` knows which fields belong where; `amounts`, `base58`, `hashing` and `keys` hold the
primitives. Shared by the application and the embedded ledger; proven equal to xrpl-py's codec by property
tests, at about a hundredth of its cost.
"""
