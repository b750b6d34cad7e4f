"""Opening other data than a network was made for: one repair sets how many classes it tells, in the whole drawing."""

from __future__ import annotations

import pickle

import pytest

from engine.datasets.spec import Choice, DataSpec, PreprocessSpec
from engine.frozen import FrozenDict
from engine.graph import edits
from engine.graph.analyse import analyse
from engine.graph.results import Problem
from engine.graph.spec import NetworkSpec
from engine.project.spec import ProjectSpec
from engine.project.suiting import suited, unsuited
from tests.helpers.gallery_samples import small

BACKGROUND = (
    "ssd300_vgg16",
    "ssdlite320_mobilenet_v3_large",
    "fasterrcnn_resnet50_fpn",
    "maskrcnn_resnet50_fpn",
    "keypointrcnn_resnet50_fpn",
)
DETECTORS = ("yolo_small", "yolo_v1", "retinanet_resnet50_fpn", "detr_small", *BACKGROUND)
SEGMENTERS = (
    "unet",
    "fcn32s",
    "fcn16s",
    "fcn8s",
    "fcn_resnet50",
    "deeplabv3_resnet50",
    "lraspp_mobilenet_v3_large",
    "pixelnet",
    "recurrent_conv",
)


def project_of(network: NetworkSpec, task: str, **options: object) -> ProjectSpec:
    channels, height, width = network.inputs[0].params["shape"]
    size = PreprocessSpec(height=height, width=width, channels=channels, mean=(0.5,), std=(0.25,))
    data = DataSpec(source=Choice(id="labelled"), preprocess=size)
    return ProjectSpec(name="Any", task=task, task_options=FrozenDict(options), network=network, data=data)


def problem_of(project: ProjectSpec, classes: int) -> Problem:
    found = analyse(project.network)
    assert not found.errors
    problem = unsuited(project, found, classes)
    assert problem is not None
    return problem


@pytest.mark.parametrize("id", DETECTORS)
def test_every_detector_becomes_the_one_of_the_gallery_with_that_many_classes(id: str) -> None:
    more = id in BACKGROUND
    project = project_of(small(id, num_classes=4 + more), "detection")
    for classes in (3, 1, 7):
        problem = problem_of(project, classes)
        (repair,) = problem.repairs
        words = f"{classes + 1}: {classes} and the background" if more else str(classes)
        assert repair.label == f"Set the network's number of classes to {words}"
        repaired = pickle.loads(pickle.dumps(repair.apply))(project.network)
        assert repaired == small(id, num_classes=classes + more)
        assert unsuited(project.with_(network=repaired), analyse(repaired), classes) is None


@pytest.mark.parametrize("id", SEGMENTERS)
def test_every_segmenter_becomes_the_one_of_the_gallery_with_that_many_classes(id: str) -> None:
    project = project_of(small(id, num_classes=5), "segmentation")
    (repair,) = problem_of(project, 2).repairs
    assert repair.label == "Set the network's number of classes to 3: 2 and the background"
    assert repair.apply(project.network) == small(id, num_classes=3)


def test_mask_rcnn_for_outlines_too() -> None:
    project = project_of(small("maskrcnn_resnet50_fpn", num_classes=5), "instances")
    assert suited(project, 2) == small("maskrcnn_resnet50_fpn", num_classes=3)


@pytest.mark.parametrize(("id", "task"), [("resnet18", "multilabel"), ("lenet5_modern", "multilabel"),
                                          ("resnet18", "classification"), ("vgg11", "classification")])  # fmt: skip
def test_heads_for_whole_pictures(id: str, task: str) -> None:
    project = project_of(small(id, num_classes=6), task)
    assert suited(project, 3) == small(id, num_classes=3)
    assert suited(project, 6) is project.network


@pytest.mark.parametrize("id", ["fcn_resnet50", "deeplabv3_resnet50"])
def test_further_outputs_follow(id: str) -> None:
    project = project_of(small(id, num_classes=5, aux=True), "segmentation")
    assert len(project.network.outputs) == 2
    assert suited(project, 7) == small(id, num_classes=8, aux=True)


def test_an_ssd_that_took_the_last_class_for_the_background_is_told_before_the_training() -> None:
    """As many scores as classes fit a RetinaNet; an SSD would lose a class."""
    project = project_of(small("ssd300_vgg16", num_classes=4), "detection")
    problem = problem_of(project, 4)
    assert "takes the first class for the background" in problem.message
    assert problem.repairs[0].apply(project.network) == small("ssd300_vgg16", num_classes=5)


def test_what_else_was_changed_in_the_drawing_stays() -> None:
    network = edits.set_params(small("yolo_small", num_classes=4), "detections", detections=17)
    network = edits.own_weights(network, "head_p4")
    project = project_of(network, "detection")
    repaired = suited(project, 3)
    assert repaired.node("detections") == network.node("detections")
    assert [repaired.node(id).shares for id in ("head", "head_p4", "head_p5")] == [None, None, "head"]
    for head in ("head", "head_p4", "head_p5"):
        inside = repaired.node(head).subgraph
        assert inside is not None
        assert (inside.node("cls_logits").params["out_channels"], inside.node("rows").params["columns"]) == (3, 7)
        assert inside.node("distances").params["out_channels"] == 4, "the four distances are no classes"


def test_no_repair_is_offered_that_does_not_help() -> None:
    """The pictures are of another size as well, which another repair has to settle first; and a drawing that is no
    detector is not made one by another width."""
    project = project_of(small("yolo_small", num_classes=4), "detection")
    other = project.data.model_copy(update={"preprocess": project.data.preprocess.model_copy(update={"height": 96})})
    assert problem_of(project.with_(data=other), 3).repairs == ()
    assert problem_of(project_of(small("unet", num_classes=4), "detection"), 3).repairs == ()
    assert suited(project_of(small("yolo_small", num_classes=4, raw=False), "detection"), 3) == small(
        "yolo_small", num_classes=4, raw=False
    )
