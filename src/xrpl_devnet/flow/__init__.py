"""The payment engine: issued currencies through trust lines and order books.

A payment is a set of *strands* (`strand`), each a chain of *steps*: an account's XRP (`xrp_endpoint`), a trust line
(`direct`), an order book (`book`, over `offers`). `engine` runs one strand backward from what shall arrive, finds the
step that limits it, runs forward from there, and takes from the best strand again and again until the amount is
delivered or nothing is left. Offers cross by the same engine.

It knows `ledger` and nothing of transactions. The order of every check and every rounding is rippled's, for it decides
results and last digits.

Source: rippled `app/paths/` (`Flow.cpp`, `StrandFlow.h`, `PaySteps.cpp`, `DirectStep.cpp`, `BookStep.cpp`,
`XRPEndpointStep.cpp`), `app/tx/impl/OfferStream.cpp`.
"""
