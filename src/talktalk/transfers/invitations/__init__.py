"""Invitations: money for somebody who is not here yet, by phone number.

    waiting ──joined──▶ waiting (has a wallet soon) ──▶ ready ──pay──▶ paying ──settled──▶ paid
       │                                                 ▲ │              │
       │                                                 └─┼──not settled─┘
    waiting, ready ──cancelled──▶ cancelled                │
    waiting, ready ──expires_at──▶ expired ◀───────────────┘

Nothing is held and nothing is promised: `ready` asks the sender, who approves an ordinary transfer or does
not. An invitation is paid at most once, since it is locked while its transfer is made and names it.

Entered through `service`; may import what `transfers` may.
"""
