"""A network's faucet: `POST /accounts` with the destination, as the public test networks have it.

Source: xrpl.org, XRP Faucets; the same request as xrpl-py and xrpl.js send.
"""

import httpx

from talktalk.wallet.ports import FaucetRefused

TIMEOUT_S = 10.0
USER_AGENT = "talktalk"


class HttpFaucet:
    """`ports.Faucet` over HTTP."""

    def __init__(self, url: str) -> None:
        """`url` is the faucet's own, such as `https://faucet.altnet.rippletest.net/accounts`."""
        self._url = url if url.rstrip("/").endswith("/accounts") else url.rstrip("/") + "/accounts"
        self._http = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False)

    async def fund(self, address: str) -> None:
        """Have an address funded.

        Raises:
            FaucetRefused: It would not, or did not answer.
        """
        try:
            answer = await self._http.post(self._url, json={"destination": address, "userAgent": USER_AGENT})
        except httpx.HTTPError as error:
            raise FaucetRefused(f"no answer: {error!r}") from error
        if not answer.is_success:
            raise FaucetRefused(f"status {answer.status_code}")

    async def close(self) -> None:
        """Give connections back."""
        await self._http.aclose()
