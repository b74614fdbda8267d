"""Pictures that people upload: what they are, read from their bytes and never from a name or a header.

PNG and JPEG alone: formats that hold no script, links or styles.
"""

from __future__ import annotations

import struct

from xenia.record import Record

PNG, JPEG = "image/png", "image/jpeg"
_PNG_BEGIN = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
_JPEG_BEGIN = b"\xff\xd8\xff"
# Start of frame of every coding (ITU-T T.81 table B.1); C4, C8 and CC are other segments.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})
"""Markers without a length."""


class Picture(Record):
    """What the bytes say of themselves."""

    media_type: str
    width: int
    """In pixels."""
    height: int


def read_picture(data: bytes) -> Picture | None:
    """A PNG or JPEG picture by its header (PNG third edition, section 11.2.1; ITU-T T.81, annex B); None for all else."""
    if data.startswith(_PNG_BEGIN) and len(data) >= 24:
        found = Picture(PNG, *struct.unpack(">II", data[16:24]))
    elif data.startswith(_JPEG_BEGIN):
        size = _jpeg_size(data)
        if size is None:
            return None
        found = Picture(JPEG, *size)
    else:
        return None
    return found if found.width and found.height else None


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Width and height from the first frame header."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # padding before a marker
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            if at + 9 > len(data):
                return None
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        else:
            length = int.from_bytes(data[at + 2 : at + 4])
            if length < 2:
                return None
            at += 2 + length
    return None
