"""The AsyncAPI 3.0 document of the WebSocket, generated from the frame structs.

A frame is `{"t": type, "id": correlation, "d": {…}}`; each entry of `client_frames` and
`server_frames` names a type and the struct of its `d`.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from talktalk_wire.realtime import FRAME_BYTES_MAX

PATH = "/api/v1/ws"


def document(
    client_frames: Mapping[str, type],
    server_frames: Mapping[str, type],
    answers: Mapping[str, str],
    version: str,
) -> dict[str, Any]:
    """The whole document, ready to be written as JSON.

    Args:
        client_frames: Type and struct of what clients send.
        server_frames: Type and struct of what the server sends.
        answers: For client frames that get one, the type of the answer.
        version: Of the service.
    """
    structs = list(dict.fromkeys((*client_frames.values(), *server_frames.values())))
    references, schemas = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    by_struct = dict(zip(structs, references, strict=True))
    client = {name: _message(name, struct, by_struct[struct]) for name, struct in client_frames.items()}
    server = {name: _message(name, struct, by_struct[struct]) for name, struct in server_frames.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "TalkTalk realtime",
            "version": version,
            "description": f"JSON text frames of at most {FRAME_BYTES_MAX} bytes, after a handshake with the "
            "session cookie or `Authorization: Bearer`.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": PATH,
                "messages": {
                    name: {"$ref": f"#/components/messages/{name}"} for name in sorted({*client, *server})
                },
            }
        },
        "operations": {
            **{_operation_name(name): _operation(name, answers.get(name)) for name in client_frames},
            "serverSends": {
                "action": "send",
                "channel": {"$ref": "#/channels/socket"},
                "messages": [{"$ref": f"#/channels/socket/messages/{name}"} for name in server],
            },
        },
        "components": {"messages": client | server, "schemas": schemas},
    }


def _operation_name(frame: str) -> str:
    return "receive" + "".join(part.capitalize() for part in frame.split("."))


def _operation(frame: str, answer: str | None) -> dict[str, Any]:
    channel = {"$ref": "#/channels/socket"}
    operation: dict[str, Any] = {
        "action": "receive",
        "channel": channel,
        "messages": [{"$ref": f"#/channels/socket/messages/{frame}"}],
    }
    if answer:
        names = (answer, "error")
        operation["reply"] = {
            "channel": channel,
            "messages": [{"$ref": f"#/channels/socket/messages/{name}"} for name in names],
        }
    return operation


def _message(name: str, struct: type, reference: Any) -> dict[str, Any]:
    return {
        "name": name,
        "summary": (struct.__doc__ or "").strip().split("\n\n")[0],
        "payload": {
            "type": "object",
            "properties": {"t": {"const": name}, "id": {"type": "string"}, "d": reference},
            "required": ["t", "d"],
        },
    }
