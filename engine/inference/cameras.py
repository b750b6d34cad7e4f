"""Which cameras are plugged in, by the names that the system gives them. Asking opens none of them."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CameraName:
    """A camera: its number for the system's back end, and a name that no other camera here has."""

    index: int
    name: str


def backend_of_this_system() -> int:
    """OpenCV's number of the back end to use here: Media Foundation, AVFoundation or V4L2."""
    from engine.opencv import cv2

    known = {"win32": cv2.CAP_MSMF, "darwin": cv2.CAP_AVFOUNDATION}
    return int(known.get(sys.platform, cv2.CAP_V4L2))


def list_cameras() -> tuple[CameraName, ...]:
    """Return the cameras in the system's order. Where the system does not tell, the first one is offered unseen."""
    backend = backend_of_this_system()
    # Imported after cv2, which it would otherwise import past engine.opencv.
    import cv2_enumerate_cameras

    try:
        found = cv2_enumerate_cameras.enumerate_cameras(backend)
    except Exception as error:  # noqa: BLE001 - drivers raise what they like; the log knows, and trying helps further
        log.warning("cameras could not be listed: %s", error)
        return (CameraName(0, "0"),)
    cameras = sorted((int(camera.index), str(camera.name or f"Camera {camera.index}")) for camera in found)
    count = Counter(name for _, name in cameras)
    return tuple(CameraName(index, f"{name} ({index})" if count[name] > 1 else name) for index, name in cameras)
