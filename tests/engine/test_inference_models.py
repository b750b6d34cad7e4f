"""Built-in detectors against OpenCV itself, a run against plain PyTorch, and drawings against the real digits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from engine.datasets.spec import DataSpec
from engine.errors import BadInput
from engine.inference.detections import Classification, Detections
from engine.inference.drawing import like_dataset
from engine.inference.frame import Frame
from engine.inference.predictor import DETECTORS, open_predictor
from engine.opencv import cv2
from tests.helpers.digit_strokes import draw_digit
from tests.helpers.digits_run import train_digits
from tests.helpers.videos import astronaut, moving_face

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def digits_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_digits(tmp_path_factory.mktemp("project"), epochs=2)


def found(model: str, *images: np.ndarray) -> Detections:
    """What the model finds in the last of these pictures."""
    predictor = open_predictor(model)
    outcome = [predictor.predict(Frame(image.copy())) for image in images][-1]
    assert isinstance(outcome, Detections)
    return outcome


@pytest.mark.parametrize("id", list(DETECTORS))
def test_every_detector_takes_any_picture(id: str) -> None:
    predictor = open_predictor(id)
    for shape in ((1, 1, 3), (7, 300, 3), (480, 640, 3), (64, 64, 3)):
        for value in (0, 255):
            outcome = predictor.predict(Frame(np.full(shape, value, np.uint8)))
            assert isinstance(outcome, Detections)
            assert len(outcome) == 0
            assert outcome.classes == predictor.classes
    assert set(predictor.stages) >= {"prepare", "model"}


def test_eyes_lie_in_the_upper_half_of_the_face() -> None:
    image = np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1])
    face = found("opencv:face", image)
    eyes = found("opencv:eyes", image).above(0.5)
    x1, y1, x2, y2 = face.boxes[face.scores.argmax()]
    inside = [
        box for box in eyes.boxes if x1 <= box[0] and box[2] <= x2 and y1 <= box[1] and box[3] <= y1 + 0.6 * (y2 - y1)
    ]
    assert len(inside) == 2


def test_people_are_those_of_a_direct_call() -> None:
    # The astronaut stands upright once she is narrow enough: HOG looks for 64×128 windows.
    image = np.ascontiguousarray(cv2.resize(skimage.data.astronaut()[:, :, ::-1], (256, 512)))
    hog = cv2.HOGDescriptor()
    hog.setSVMDetector(cv2.HOGDescriptor_getDefaultPeopleDetector())
    direct, weights = hog.detectMultiScale(image, winStride=(8, 8), padding=(8, 8), scale=1.05)
    outcome = found("opencv:people", image)
    assert len(outcome) == len(direct)
    np.testing.assert_allclose(outcome.scores, 1 / (1 + np.exp(-np.ravel(weights))), rtol=1e-5)
    for box, (x, y, w, h) in zip(outcome.boxes, direct, strict=True):
        assert box == pytest.approx([max(x, 0), max(y, 0), min(x + w, 256), min(y + h, 512)])


def test_motion_is_where_something_moves_and_nowhere_else() -> None:
    still = moving_face(1) * 12
    assert len(found("opencv:motion", *still)) == 0
    scene = cv2.resize(np.ascontiguousarray(skimage.data.coffee()[:, :, ::-1]), (480, 320))
    entered = scene.copy()
    entered[100:180, 200:260] = (0, 255, 0)
    outcome = found("opencv:motion", *[scene] * 12, entered)
    assert len(outcome) == 1
    assert outcome.boxes[0] == pytest.approx([200, 100, 260, 180], abs=8)
    assert outcome.scores[0] > 0.8


def test_unknown_models_are_refused_with_the_known_ones() -> None:
    with pytest.raises(BadInput, match="Did you mean opencv:people"):
        open_predictor("opencv:peple")
    with pytest.raises(BadInput, match="opencv:face"):
        open_predictor("runs/run-099")


def test_importing_opencv_leaves_the_environment_as_it_was() -> None:
    code = (
        "import os\nbefore = {k: v for k, v in os.environ.items() if 'OPENCV' not in k}\n"
        "from engine.opencv import cv2\n"
        "after = {k: v for k, v in os.environ.items() if 'OPENCV' not in k}\n"
        "assert before == after, set(after.items()) ^ set(before.items())\n"
    )
    for extra in ({}, {"QT_QPA_FONTDIR": "mine", "LD_LIBRARY_PATH": "mine too"}):
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **extra}, check=True, timeout=60)


def test_a_run_answers_what_plain_pytorch_answers(digits_run: Path) -> None:
    import torch

    from engine.training.runs import load_run

    image = astronaut()
    outcome = open_predictor(str(digits_run), "cpu").predict(Frame(image.copy()))
    assert isinstance(outcome, Classification)
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    # By hand, what DataSpec's defaults say: shrink by averaging, 0 to 255 becomes 0 to 1.
    side = DataSpec().preprocess.height
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)
    with torch.no_grad():
        logits = load_run(digits_run).model(torch.from_numpy(small / np.float32(255))[None, None])
    expected = torch.softmax(logits, 1)[0].numpy()
    np.testing.assert_allclose(outcome.probabilities, expected, atol=1e-5)
    assert outcome.seen is not None
    np.testing.assert_array_equal(outcome.seen[0], small)


@pytest.mark.parametrize("light_paper", [False, True])
@pytest.mark.parametrize("pen", [8, 16, 28])
def test_drawn_digits_become_digits_that_an_svm_knows(pen: int, light_paper: bool) -> None:
    """Judged by scikit-learn's own classifier on scikit-learn's own digits, for any pen, place and size."""
    from sklearn.datasets import load_digits
    from sklearn.svm import SVC

    digits = load_digits()
    judge = SVC(gamma=0.001).fit(digits.data, digits.target)
    places = [(0.0, 0.0, 1.0), (0.35, 0.3, 0.55)]
    right = 0
    for left, top, size in places:
        for digit in range(10):
            picture = draw_digit(digit, pen, light_paper, left, top, size)
            seen = like_dataset(picture, "digits")
            assert seen.shape == (8, 8, 3)
            right += int(judge.predict(seen[:, :, 0].reshape(1, -1) * (16 / 255))[0] == digit)
    assert right >= 18, f"{right} of 20"


def test_a_drawing_of_a_real_digit_comes_back_nearly_as_it_was() -> None:
    """Real 8×8 digits, enlarged to a black and white drawing somewhere on the pad, give themselves again."""
    from sklearn.datasets import load_digits

    images = load_digits().images[:100] / 16
    errors = []
    for image in images:
        large = cv2.resize(image, (200, 200), interpolation=cv2.INTER_CUBIC) > 0.45
        pad = np.zeros((280, 400, 3), np.uint8)
        pad[50:250, 130:330][large] = 255
        errors.append(np.abs(like_dataset(pad, "digits")[:, :, 0] / 255 - image).mean())
    assert np.mean(errors) < 0.12
    shuffled = [np.abs(a - b).mean() for a, b in zip(images, np.roll(images, 1, axis=0), strict=True)]
    assert np.mean(errors) < 0.5 * np.mean(shuffled)


def test_mnist_style_is_twenty_pixels_high_and_centred() -> None:
    seen = like_dataset(draw_digit(0, 20, True, 0.1, 0.1, 0.4), "mnist")[:, :, 0].astype(float)
    assert seen.shape == (28, 28)
    rows = np.flatnonzero(seen.max(1) > 64)
    assert rows[-1] - rows[0] + 1 == pytest.approx(20, abs=1)
    ys, xs = np.indices(seen.shape)
    assert (ys * seen).sum() / seen.sum() == pytest.approx(13.5, abs=0.5)
    assert (xs * seen).sum() / seen.sum() == pytest.approx(13.5, abs=0.5)


def test_other_datasets_and_empty_paper_are_left_alone() -> None:
    picture = draw_digit(4, 20, False, 0, 0, 1)
    np.testing.assert_array_equal(like_dataset(picture, "folder"), picture)
    blank = np.zeros((50, 50, 3), np.uint8)
    np.testing.assert_array_equal(like_dataset(blank, "digits"), blank)
