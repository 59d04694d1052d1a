"""The embedded XRP Ledger: one stand-alone node that clients cannot tell from a real one.

For development, demonstrations and tests; never the ledger of a product. Start it with `python -m
xrpl_devnet`, or in a program with `async with Devnet(manual=True) as net`. Of the project's other
packages it imports `xrpl_codec` alone.

Layers, low to high; each knows those before it:

| package or module | what it owns |
|---|---|
| `results`, `amendments` | names of results and amendments; which amendments are on (`Rules`) |
| `ledger/` | entries, indexes (`keylets`), SHAMap, views, metadata, directories, invariants, headers |
| `tx/` | `base.Transactor`, the engine, local checks and signatures, one module a type |
| `store` | the journal in SQLite |
| `node` | the open ledger, submission, canonical order, closing, history |
| `rpc/` | methods on one registry, ledger and account lookup, layouts of API versions 1 and 2 |
| `streams` | subscriptions and their messages |
| `service`, `faucet`, `net/` | request envelopes, timed closes, the faucet, sockets |
| `devnet`, `__main__` | the in-process API and the command line |

How to extend it:

- **A transaction type**: `tx/<type>.py` with a subclass of `Transactor` under `@transactor("TypeName")`,
  imported in `tx/__init__.py`. Name its `AMENDMENTS` and `FLAGS`; override `preflight`, `preclaim`,
  `apply`, and `base_fee` if it costs something special. Work on `self.view`: `read` to look, `peek` then
  `update` to change, `insert`, `erase`; results are names (`"tecNO_DST"`). `Sandbox(self.view)` is an
  attempt that `commit()` keeps and dropping undoes. `is_enabled` asks for amendments that single fields need;
  `@variant("TypeName", concerns)` registers a class for some transactions of a type.
- **A ledger entry**: its index as a function in `ledger/keylets.py`; `Entry.new("Kind", key, Field=value)`
  fills required fields; `ledger/directory.py` puts it into owner directories and counts it. Fields and
  formats come from the definitions.
- **An invariant**: a class in `ledger/invariants.py`, listed in `CHECKS`.
- **A method**: a function under `@method("name")` in a module of `rpc/`, imported in `rpc/__init__.py`.
  `lookup` finds ledgers and accounts, `shape` lays out transactions, `RpcError` is every refusal.
- **A stream**: its name in `streams.STREAMS`, its message published from a node event.
- **Faults**: `Service.gate` is awaited around every request, `Node.listeners` tells of closes and of what
  enters the open ledger, `Node.settings` holds rules, fees and network id.
"""

from xrpl_devnet.clock import ManualClock, SystemClock
from xrpl_devnet.devnet import Devnet
from xrpl_devnet.rpc.errors import RpcError
from xrpl_devnet.settings import Settings

__all__ = ["Devnet", "ManualClock", "RpcError", "Settings", "SystemClock"]
