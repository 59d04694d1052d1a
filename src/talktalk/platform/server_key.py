"""The server's own key: 32 bytes in a file, under which codes, tokens and webhook secrets are reckoned."""

from talktalk.config import Settings, SettingsError

SERVER_KEY_BYTES = 32


def read_server_key(settings: Settings) -> bytes:
    """The key, as the file that the settings name holds it.

    Raises:
        SettingsError: The file is missing or holds no 32 bytes in hex.
    """
    try:
        key = bytes.fromhex(settings.server_key_file.read_text(encoding="ascii").strip())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"settings: {settings.server_key_file} is no readable key file ({error})"
        ) from error
    if len(key) != SERVER_KEY_BYTES:
        raise SettingsError(f"settings: {settings.server_key_file} must hold {SERVER_KEY_BYTES} bytes in hex")
    return key
