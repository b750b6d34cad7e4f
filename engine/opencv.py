"""The one door to OpenCV: `from engine.opencv import cv2`.

Importing cv2 writes paths of its own Qt plugins into the environment, where child processes and PySide6 find them, and
its reader of cameras prints warnings of its own. Both are put right here, once, before anybody else sees them.
"""

from __future__ import annotations

import os
from typing import Any

# Hardware transforms make the first frame of a Media Foundation camera take up to a minute.
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
# Seconds that a V4L2 camera may keep a read waiting; OpenCV's own default is 10.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "3")
# FFmpeg's own messages would land between our lines on stderr; -8 is its "quiet".
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")

_TOUCHED = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR", "LD_LIBRARY_PATH")
_before = {name: os.environ.get(name) for name in _TOUCHED}

import cv2 as _cv2  # noqa: E402 - the variables above are read while it is imported

for _name, _value in _before.items():
    if _value is None:
        os.environ.pop(_name, None)
    else:
        os.environ[_name] = _value

cv2: Any = _cv2  # its own type stubs miss parts that exist
# What fails is told by us, in a sentence that names the camera or the file.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

__all__ = ["cv2"]
