"""Bytes: fields, amounts, addresses, hashes, keys. Imports nothing else of the node.

`fields` reads the definitions; `binary` turns objects into canonical bytes and back; `json_form` into what
clients see; `formats` knows which fields belong where; `amounts`, `base58`, `hashing` and `keys` hold the
primitives.
"""
