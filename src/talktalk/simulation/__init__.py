"""Thousands of houses in which everything fails, each from one seed: `./talktalk simulate`.

The services are the real ones; replaced is only what lies outside them: the clock and the event loop, the
database (`memory`), the network and the nodes before one in-process ledger, and the people. A seed decides
everything, so a failure is replayed by its number.

It is composition: it may import every slice, and only the command line imports it.
"""
