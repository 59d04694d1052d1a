"""What the wallet needs from outside."""

from typing import Protocol


class Faucet(Protocol):
    """Gives a new account its first XRP, where a network has such a thing."""

    async def fund(self, address: str) -> None:
        """Have an address funded. Asking twice may fund twice: only test money does this.

        Raises:
            FaucetRefused: It would not, or did not answer.
        """
        ...


class FaucetRefused(Exception):
    """Try again later."""
