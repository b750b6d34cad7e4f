"""`doctor`: versions, devices, cameras and weights; what is missing and how to get it."""

from __future__ import annotations

import os
import platform
from argparse import ArgumentParser, Namespace
from importlib import metadata
from typing import Any

import psutil

from engine import system
from engine.commands.base import COMMANDS, DONE, Command, Output
from engine.errors import BadInput, VitrineError
from engine.paths import config_dir, data_dir, log_dir
from engine.pretrained.files import find_weights, folders, own_folder
from engine.pretrained.table import table
from engine.version import version

_PACKAGES = (
    "torch", "torchvision", "opencv-python", "PySide6-Essentials", "pyqtgraph", "numpy", "pydantic", "safetensors",
    "scikit-learn", "torchmetrics", "psutil",
)  # fmt: skip
_WEIGHTS = (".pt", ".pth", ".safetensors")


@COMMANDS.register("doctor")
class Doctor(Command):
    help = "versions, devices, cameras, weights; what is missing and how to get it"

    def arguments(self, parser: ArgumentParser) -> None:
        pass

    def run(self, args: Namespace, out: Output) -> int:
        missing: list[dict[str, str]] = []
        report: dict[str, Any] = {
            "version": version(),
            "python": platform.python_version(),
            "platform": platform.platform(),
            "processors": os.cpu_count(),
            "memory_bytes": psutil.virtual_memory().total,
            "packages": _packages(missing),
            "devices": _devices(missing),
            "cameras": _cameras(missing),
            "weights": _weights(),
            "models": _trained(),
            "folders": {"settings": config_dir(), "data": data_dir(), "weights": own_folder(), "log": log_dir()},
            "missing": missing,
        }
        _window(missing)
        out.data(report)
        for line in _lines(report):
            out.text(line)
        return DONE


def _lacks(missing: list[dict[str, str]], error: VitrineError) -> None:
    missing.append({"what": error.what, "advice": error.advice})


def _packages(missing: list[dict[str, str]]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
            _lacks(missing, BadInput(f"The package {name} is not installed.", "Run: python -m pip install ."))
    return found


def _devices(missing: list[dict[str, str]]) -> list[dict[str, Any]]:
    try:
        import torch
    except (ImportError, OSError) as error:
        _lacks(
            missing, BadInput(f"PyTorch cannot be loaded: {error}.", "Run: python -m pip install --force-reinstall .")
        )
        return []
    found: list[dict[str, Any]] = []
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            found.append({"id": f"cuda:{index}", "name": properties.name, "memory_bytes": properties.total_memory})
    if torch.backends.mps.is_available():
        found.append({"id": "mps", "name": "Apple GPU", "memory_bytes": None})
    found.append({"id": "cpu", "name": platform.processor() or "CPU", "memory_bytes": psutil.virtual_memory().total})
    return found


def _cameras(missing: list[dict[str, str]]) -> list[dict[str, Any]]:
    from engine.inference.cameras import list_cameras

    try:
        cameras = list_cameras()
    except VitrineError as error:
        _lacks(missing, error)
        return []
    if not cameras:
        _lacks(
            missing,
            BadInput(
                "No camera was found.",
                "Plug one in and allow its use; videos, pictures and the scribble pad work without.",
            ),
        )
    return [{"id": f"camera:{camera.index}", "name": camera.name} for camera in cameras]


def _weights() -> list[dict[str, Any]]:
    """Weight files where weights are looked for, known to this program or not; nothing is opened."""
    known = {row.file: row.id for row in table()}
    return [
        {"file": file, "bytes": file.stat().st_size, "model": known.get(file.name)}
        for folder in folders()
        if folder.is_dir()
        for file in sorted(folder.iterdir())
        if file.suffix in _WEIGHTS and file.is_file()
    ]


def _trained() -> list[dict[str, Any]]:
    """Every trained model that can be used when its file is here: the file found, or the one to fetch."""
    models: dict[str, dict[str, Any]] = {}
    for found in find_weights():
        row = found.row
        if row.id not in models or (found.path is not None and models[row.id]["path"] is None):
            models[row.id] = {
                "id": row.id, "name": row.label, "task": row.task, "file": row.file,
                "bytes": round(row.mebibytes * 2**20), "url": row.url, "path": found.path,
            }  # fmt: skip
    return list(models.values())


def _window(missing: list[dict[str, str]]) -> None:
    libraries = system.missing_libraries()
    if libraries:
        what = f"The window needs {', '.join(libraries)}, which this system lacks."
        _lacks(missing, BadInput(what, system.install_advice(libraries)))
        return
    try:
        system.check_window()
    except BadInput as error:
        _lacks(missing, error)


def _model_lines(models: list[dict[str, Any]]) -> list[str]:
    """What is here, and what to fetch on a computer with a network for what is not."""
    here = [f"  {one['id']}: {one['path']}" for one in models if one["path"] is not None]
    gone = [
        f"  {one['id']}: missing, {one['bytes'] / 2**20:.1f} MiB, {one['url']}" for one in models if one["path"] is None
    ]
    advice = f"  Copy what you fetch into {own_folder()}, or choose a folder on the Live page."
    return [*here, *gone, *([advice] if gone else [])]


def _lines(report: dict[str, Any]) -> list[str]:
    lines = [
        f"Vitrine {report['version']}, Python {report['python']}, {report['platform']}",
        f"{report['processors']} processors, {report['memory_bytes'] / 2**30:.1f} GiB of memory",
        "",
        "packages",
        *(f"  {name} {number or 'missing'}" for name, number in report["packages"].items()),
        "",
        "devices",
        *(f"  {device['id']}: {device['name']}" for device in report["devices"]),
        "",
        "cameras",
        *([f"  {camera['id']}: {camera['name']}" for camera in report["cameras"]] or ["  none"]),
        "",
        "weights",
        *([f"  {weight['file']} ({weight['bytes'] / 2**20:.1f} MiB)" for weight in report["weights"]] or ["  none"]),
        "",
        "trained models",
        *_model_lines(report["models"]),
        "",
        "folders",
        *(f"  {name}: {folder}" for name, folder in report["folders"].items()),
    ]
    if report["missing"]:
        lines += ["", "missing", *(f"  {one['what']} {one['advice']}" for one in report["missing"])]
    return lines
