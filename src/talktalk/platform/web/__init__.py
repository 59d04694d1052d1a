"""HTTP without business: problems, headers, static files, documents, origin checks.

- `problems`   every failure as `application/problem+json`
- `edge`       the outermost ASGI layer: request ids, security headers, access log, metrics
- `origin`     who is asking: same-origin and loopback checks
- `site`       the built web app with its fallback to `index.html`
- `openapi`    the OpenAPI document, with problems and security written in
- `asyncapi`   the WebSocket's description, from the frame structs
- `docs_page`  the OpenAPI document as one page that needs no script and no network
- `health`     what `/readyz` asks before it says yes

Imports `talktalk.platform`, `talktalk_wire`, Litestar; no slice.
"""
