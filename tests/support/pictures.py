"""Pictures for tests: headers that are true, without anything to see."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 8, height: int = 8, *, more: bytes = b"") -> bytes:
    """A whole grey PNG picture; *more* is appended, as a polyglot would."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + bytes(width) for _ in range(height)))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    begin = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return begin + chunk(b"IDAT", rows) + chunk(b"IEND", b"") + more


def jpeg(width: int = 8, height: int = 8) -> bytes:
    """The segments of a JPEG picture up to its frame header, and its end."""
    application = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    frame = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", height, width) + b"\x01\x01\x11\0"
    return b"\xff\xd8" + application + frame + b"\xff\xd9"
