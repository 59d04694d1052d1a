"""Every REST and WebSocket struct of TalkTalk, one module a slice.

The Python SDK and the server share these; the web app's types are generated from them. Imports
msgspec and nothing of ours. Bases, pages and problems are in `common`.
"""
