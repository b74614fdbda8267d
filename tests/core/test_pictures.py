"""What uploaded bytes are is read from them alone, and reading never fails."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pictures import jpeg, png
from xenia.core.pictures import JPEG, PNG, Picture, read_picture

SIDES = st.integers(1, 2000)


@given(SIDES, SIDES)
def test_sizes_are_read_from_the_header(width: int, height: int) -> None:
    assert read_picture(jpeg(width, height)) == Picture(JPEG, width, height)


def test_a_png_says_its_size() -> None:
    assert read_picture(png(30, 7)) == Picture(PNG, 30, 7)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a" + bytes(40),
        b"RIFF\0\0\0\0WEBP" + bytes(40),
        b"BM" + bytes(60),
        b"<html>" + png(),
        png()[:20],
        png(1, 1).replace(b"IHDR\0\0\0\1", b"IHDR\0\0\0\0"),
        jpeg()[:12],
        b"\xff\xd8\xff\xe0\0\0" + bytes(20),
        b"\xff\xd8\xff\xff\xff\xff",
    ],
)
def test_everything_else_is_no_picture(data: bytes) -> None:
    assert read_picture(data) is None


@given(st.sampled_from([b"", png()[:16], b"\xff\xd8\xff"]), st.binary(max_size=200))
def test_reading_never_fails(begin: bytes, rest: bytes) -> None:
    found = read_picture(begin + rest)
    assert found is None or (found.width > 0 and found.height > 0)
