"""Ledgers: entries and where they live, trees and headers, views through which transactions change them.

`keylets` computes indexes, `entry` holds fields, `shamap` hashes them, `views` lay changes over them,
`metadata` tells what a transaction changed, `directory` keeps lists of owned things, `invariants` says what
may never happen, `header` and `closed` are what a close leaves behind. Knows `codec` and `amendments` only.
"""
