"""Frames survive the pipe, and what is no frame is refused."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.parser import wire


@given(st.lists(st.tuples(st.sampled_from(wire.KINDS), st.binary(max_size=300)), max_size=8))
def test_frames_come_out_as_they_went_in(frames: list[tuple[bytes, bytes]]) -> None:
    stream = io.BytesIO()
    for kind, body in frames:
        wire.write_frame(stream, kind, body)
    stream.seek(0)
    assert [wire.read_frame(stream) for _ in frames] == frames
    assert wire.read_frame(stream) is None


@given(st.binary(min_size=1, max_size=40))
def test_any_bytes_are_a_frame_or_a_value_error(data: bytes) -> None:
    try:
        frame = wire.read_frame(io.BytesIO(data))
    except ValueError:
        return
    assert frame is not None
    assert frame[0] in wire.KINDS
    assert data.startswith(frame[0])


def test_stream_that_ends_inside_a_frame_is_refused() -> None:
    stream = io.BytesIO()
    wire.write_frame(stream, wire.BLOCK, b"0123456789")
    for length in range(1, len(stream.getvalue())):
        with pytest.raises(ValueError, match="frame"):
            wire.read_frame(io.BytesIO(stream.getvalue()[:length]))


def test_length_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(ValueError, match="too long"):
        wire.read_frame(io.BytesIO(wire.BLOCK + b"\xff\xff\xff\xff"))
