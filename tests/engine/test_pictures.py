"""The one picture reader and its traps: rotation, truncation, bombs, depth, transparency, names."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.datasets.pictures import MAX_PIXELS, decode_picture, is_picture, load_picture
from engine.errors import BadInput

PHOTO = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "webp"])
def test_lossless_formats_come_back_as_they_were(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(PHOTO).save(path, **({"lossless": True} if suffix == "webp" else {}))
    loaded = load_picture(path)
    assert loaded.dtype == np.uint8
    assert np.array_equal(loaded, PHOTO)
    assert loaded.flags.writeable


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_rotation_is_applied(tmp_path, orientation):
    # What a viewer must do for each EXIF orientation, on an array (EXIF 2.3, tag 0x0112).
    undo = {
        1: lambda a: a, 2: lambda a: a[:, ::-1], 3: lambda a: a[::-1, ::-1], 4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2), 6: lambda a: np.rot90(a, -1), 7: lambda a: a.transpose(1, 0, 2)[::-1, ::-1],
        8: lambda a: np.rot90(a, 1),
    }  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(PHOTO).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(load_picture(tmp_path / "a.png"), undo[orientation](PHOTO))


@pytest.mark.parametrize("suffix", ["jpg", "png", "bmp", "gif", "webp", "tif"])
def test_a_file_that_is_cut_off_is_told(tmp_path, suffix):
    path = tmp_path / f"half.{suffix}"
    Image.fromarray(PHOTO).save(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    with pytest.raises(BadInput, match=rf"half\.{suffix} is (cut off|damaged|not a picture)"):
        load_picture(path)


def png(width, height):
    """A PNG of a few bytes that claims any size."""
    data = b"\x89PNG\r\n\x1a\n"
    for name, content in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(1000))),
        (b"IEND", b""),
    ):
        data += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return data


@pytest.mark.parametrize("size", [(10_000, 10_000), (60_000, 60_000), (1_000_000, 90)])
def test_a_bomb_is_refused_by_its_header(size):
    assert size[0] * size[1] > MAX_PIXELS
    with pytest.raises(BadInput, match="more than 89 million pixels"):
        decode_picture(png(*size), "bomb.png")
    with pytest.raises(BadInput, match="is cut off"):
        decode_picture(png(400, 400), "short.png")


@pytest.mark.parametrize("data", [b"", b"\x89PNG", b"GIF89a", b"hello" * 100, b"\xff\xd8\xff\xe0" + b"\0" * 50])
def test_what_is_no_picture_is_told(data):
    with pytest.raises(BadInput, match=r"x\.png (is not a picture|is damaged|is cut off|is an empty file)"):
        decode_picture(data, "x.png")


def test_random_damage_never_escapes():
    generator = np.random.default_rng(5)
    for suffix in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"):
        file = io.BytesIO()
        Image.fromarray(PHOTO).save(file, suffix)
        for _ in range(40):
            data = bytearray(file.getvalue())
            for place in generator.integers(0, min(len(data), 400), 6):
                data[place] = generator.integers(0, 256)
            with contextlib.suppress(BadInput):
                loaded = decode_picture(bytes(data), "x")
                assert loaded.ndim == 3
                assert loaded.dtype == np.uint8


def test_names_in_any_script(tmp_path):
    path = tmp_path / "Größe 猫 кошка 🐈.png"
    Image.fromarray(PHOTO).save(path)
    assert np.array_equal(load_picture(path), PHOTO)


def test_sixteen_bit_grey_keeps_its_upper_half(tmp_path):
    deep = np.arange(0, 65536, 257 * 5, dtype=np.uint16).reshape(1, -1)
    Image.fromarray(deep).save(tmp_path / "a.png")
    assert np.array_equal(load_picture(tmp_path / "a.png")[:, :, 1], deep >> 8)


def test_transparency_is_laid_on_white(tmp_path):
    rgba = np.zeros((1, 3, 4), np.uint8)
    rgba[0, :, 3] = (0, 128, 255)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    assert load_picture(tmp_path / "a.png")[0, :, 0].tolist() == [255, 127, 0]


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "LA"])
def test_other_modes_become_rgb(tmp_path, mode):
    path = tmp_path / ("a.tif" if mode == "CMYK" else "a.png")
    Image.fromarray(PHOTO).convert(mode).save(path)
    assert load_picture(path).shape == (40, 60, 3)


def test_floating_point_pictures_are_refused_in_words(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(BadInput, match="floating-point"):
        load_picture(tmp_path / "a.tif")


def test_thumbnails_of_jpegs_are_decoded_small(tmp_path):
    Image.fromarray(np.full((800, 1200, 3), 120, np.uint8)).save(tmp_path / "a.jpg")
    small = load_picture(tmp_path / "a.jpg", at_least=96)
    assert small.shape == (100, 150, 3)
    assert abs(int(small[50, 50, 0]) - 120) <= 1
    assert load_picture(tmp_path / "a.jpg").shape == (800, 1200, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(BadInput, match=r"a\.png is not a file"):
        load_picture(tmp_path / "a.png")


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(BadInput, match=r"gone\.png is not there"):
        load_picture(tmp_path / "gone.png")


def test_names_that_look_like_pictures(tmp_path):
    assert is_picture(tmp_path / "A.JPG")
    assert not is_picture(tmp_path / "notes.txt")
