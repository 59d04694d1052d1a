"""What asking for a code and guessing one costs, and whom it slows.

An attacker can want three things: to guess a code, to make us send messages for money (SMS pumping),
or to lock a person out by using up what the person needs. So:

- whoever asks from a device that has signed in to that number before draws on the device's own quota
  and on nothing else, so strangers can spend neither it nor the caps around it;
- strangers draw on the number (as seen from their own network, and from everywhere), on their
  address, their network, and the block of numbers;
- a number's quotas are `Patience`: past the first few each use waits longer, up to a bound, and there
  is no ban. Addresses, networks and blocks have plain rates.

Where everything runs on one laptop all people share one address, so development widens the rates of
addresses, networks and blocks, and lets the same person sign in on several devices in a row.
"""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec

from talktalk.identity.rules import network_of, prefix_of
from talktalk.platform.limits import Patience, Rate, Rule

_SECOND, _MINUTE, _HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


class Quotas(msgspec.Struct, frozen=True, kw_only=True):
    """Every limit of sign-in."""

    send_device: Rule = Patience(
        free=5, spacing=15 * _SECOND, first_wait=_MINUTE, longest_wait=5 * _MINUTE, forget=_HOUR
    )
    send_number_network: Rule = Patience(
        free=3, spacing=30 * _SECOND, first_wait=_MINUTE, longest_wait=15 * _MINUTE, forget=_HOUR
    )
    send_number: Rule = Patience(
        free=6, spacing=5 * _SECOND, first_wait=15 * _SECOND, longest_wait=2 * _MINUTE, forget=_HOUR
    )
    """From everywhere together; its longest wait is short, for the person is among those who wait."""
    send_address: Rule = Rate(count=20, period=_HOUR, burst=8)
    send_network: Rule = Rate(count=100, period=_HOUR, burst=30)
    send_prefix: Rule = Rate(count=60, period=_HOUR, burst=20)
    fail_device: Rule = Patience(
        free=10, spacing=timedelta(), first_wait=5 * _SECOND, longest_wait=5 * _MINUTE, forget=_HOUR
    )
    fail_number_network: Rule = Patience(
        free=10, spacing=timedelta(), first_wait=5 * _SECOND, longest_wait=15 * _MINUTE, forget=_HOUR
    )
    fail_address: Rule = Rate(count=40, period=_HOUR, burst=20)
    fail_network: Rule = Rate(count=200, period=_HOUR, burst=60)

    def send(self, phone: str, address: str, device_id: UUID | None) -> Mapping[str, Rule]:
        """What sending a code to `phone` draws on."""
        if device_id is not None:
            return {f"send:device:{device_id.hex}": self.send_device}
        network = network_of(address)
        return {
            f"send:number:{phone}": self.send_number,
            f"send:number:{phone}:{network}": self.send_number_network,
            f"send:address:{address}": self.send_address,
            f"send:network:{network}": self.send_network,
            f"send:prefix:{prefix_of(phone)}": self.send_prefix,
        }

    def failure(self, phone: str, address: str, device_id: UUID | None) -> Mapping[str, Rule]:
        """What a wrong code draws on; while any of it is spent no further code is looked at."""
        if device_id is not None:
            return {f"fail:device:{device_id.hex}": self.fail_device}
        network = network_of(address)
        return {
            f"fail:number:{phone}:{network}": self.fail_number_network,
            f"fail:address:{address}": self.fail_address,
            f"fail:network:{network}": self.fail_network,
        }


PRODUCTION = Quotas()
_WIDE = Rate(count=100_000, period=_HOUR, burst=10_000)
_QUICK = Patience(free=20, spacing=timedelta(), first_wait=_SECOND, longest_wait=_MINUTE, forget=_MINUTE)
DEVELOPMENT = Quotas(
    send_device=_QUICK,
    send_number_network=_QUICK,
    send_number=_QUICK,
    send_address=_WIDE,
    send_network=_WIDE,
    send_prefix=_WIDE,
    fail_address=_WIDE,
    fail_network=_WIDE,
)
