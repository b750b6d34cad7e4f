"""One preprocessing for all: sizes, fits and numbers compared with torch, numpy and hand arithmetic."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from torch.nn import functional

from engine.datasets.preprocess import Preprocessor
from engine.datasets.spec import PreprocessSpec
from engine.errors import BadInput

RANDOM = np.random.default_rng(3)


def spec(**changes):
    return PreprocessSpec(**({"height": 32, "width": 32, "channels": 3} | changes))


def test_enlarging_is_bicubic():
    picture = RANDOM.integers(60, 200, (8, 8, 3), dtype=np.uint8)
    ours = Preprocessor(spec()).picture(picture)
    source = torch.from_numpy(picture).permute(2, 0, 1)[None].float()
    theirs = functional.interpolate(source, size=(32, 32), mode="bicubic", align_corners=False)[0]
    assert np.abs(ours - theirs.clamp(0, 255).numpy()).max() <= 1.0


def test_shrinking_averages_areas():
    picture = RANDOM.integers(0, 256, (24, 40, 3), dtype=np.uint8)
    ours = Preprocessor(spec(height=6, width=10)).picture(picture)
    mean = picture.reshape(6, 4, 10, 4, 3).mean(axis=(1, 3)).transpose(2, 0, 1)
    assert np.abs(ours - mean).max() <= 0.51


def test_shrinking_one_side_and_enlarging_the_other():
    picture = np.repeat(np.array([[0, 100, 200, 100]], np.uint8), 4, axis=0)  # (4, 4) columns
    ours = Preprocessor(spec(height=8, width=2, channels=1)).picture(picture)
    assert ours.shape == (1, 8, 2)
    assert (ours[0] == np.array([50, 150])).all()


def test_grey_has_the_weights_of_the_eye():
    picture = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    ours = Preprocessor(spec(height=1, width=4, channels=1)).picture(picture)
    assert ours.tolist() == [[[76, 150, 29, 255]]]  # 0.299, 0.587, 0.114
    assert Preprocessor(spec(height=1, width=4)).picture(picture).tolist() == picture.transpose(2, 0, 1).tolist()


def test_grey_pictures_may_come_without_channels():
    grey = RANDOM.integers(0, 256, (5, 7), dtype=np.uint8)
    flat = Preprocessor(spec(height=5, width=7, channels=1))
    assert np.array_equal(flat.picture(grey)[0], grey)
    assert np.array_equal(flat.picture(grey[:, :, None])[0], grey)
    assert np.array_equal(Preprocessor(spec(height=5, width=7)).picture(grey), np.stack([grey] * 3))


def test_crop_keeps_the_middle_and_its_proportions():
    picture = np.zeros((10, 30, 3), np.uint8)
    picture[:, 10:20] = 255
    ours = Preprocessor(spec(height=20, width=20, fit="crop")).picture(picture)
    assert (ours == 255).all()


def test_pad_keeps_everything_and_adds_black_bars():
    picture = np.full((10, 30, 3), 255, np.uint8)
    ours = Preprocessor(spec(height=30, width=30, fit="pad")).picture(picture)
    assert (ours[:, 10:20] == 255).all()
    assert ours[:, :10].max() == ours[:, 20:].max() == 0
    paper = Preprocessor(spec(height=30, width=30, fit="pad", invert=True)).picture(picture)
    assert paper.max() == 0  # white paper became black, and so are the bars


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (33, 31)])
def test_any_size_comes_out_right(fit, size):
    picture = np.full((*size, 3), 90, np.uint8)
    ours = Preprocessor(spec(height=16, width=24, fit=fit)).picture(picture)
    assert ours.shape == (3, 16, 24)
    assert ours.dtype == np.uint8
    assert ours.flags["C_CONTIGUOUS"]
    if fit != "pad":
        assert (ours == 90).all()


def test_normalise_is_scale_then_mean_and_deviation():
    batch = torch.tensor([0, 51, 102, 255], dtype=torch.uint8).view(1, 1, 2, 2).repeat(2, 3, 1, 1)
    ours = Preprocessor(spec(mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 1.0))).normalise(batch)
    assert ours.dtype == torch.float32
    expected = torch.tensor([[-0.2, 0.2, 0.6, 1.8], [-0.8, 0.0, 0.8, 3.2], [-0.3, -0.1, 0.1, 0.7]])
    assert torch.allclose(ours[1].flatten(1), expected, atol=1e-6)
    plain = Preprocessor(spec()).normalise(batch)
    assert torch.allclose(plain, batch.float() / 255, atol=1e-7)
    assert torch.equal(Preprocessor(spec()).normalise(batch.float()), plain)


def test_wrong_numbers_of_means_are_refused():
    with pytest.raises(BadInput, match=r"2 means for 3 channel"):
        Preprocessor(spec(mean=(0.1, 0.2)))
    with pytest.raises(BadInput, match=r"3 standard deviations for 1 channel"):
        Preprocessor(spec(channels=1, std=(1.0, 1.0, 1.0)))


def test_it_travels_by_pickle_without_its_tensors():
    ours = Preprocessor(spec(mean=(0.5,)))
    batch = torch.zeros(1, 3, 2, 2, dtype=torch.uint8)
    ours.normalise(batch)
    again = pickle.loads(pickle.dumps(ours))
    assert again.spec == ours.spec
    assert torch.equal(again.normalise(batch), ours.normalise(batch))
    assert again.input_shape == (3, 32, 32)


def test_gradients_pass_also_after_a_look_without_any():
    ours = Preprocessor(spec(std=(0.5,)))
    with torch.inference_mode():
        ours.normalise(torch.zeros(1, 3, 2, 2, dtype=torch.uint8))
    picture = torch.zeros(1, 3, 2, 2, requires_grad=True)
    ours.normalise(picture * 1.0).sum().backward()
    assert torch.allclose(picture.grad, torch.full_like(picture, 2 / 255))
