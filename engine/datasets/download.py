"""Fetching a published file, only ever because the user asked for it: with progress, cancelling and a checksum."""

from __future__ import annotations

import hashlib
import os
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException
from pathlib import Path

from engine.cancel import CancelToken
from engine.errors import JobFailed
from engine.events import Emit, Progress

_CHUNK = 256 * 1024
_TIMEOUT = 20  # seconds without a byte


def fetch(urls: Sequence[str], md5: str, target: Path, emit: Emit, token: CancelToken) -> None:
    """Download the first of `urls` that answers with the right content to `target`, whole or not at all.

    Args:
        md5: the publisher's checksum, in hexadecimal.

    Raises:
        JobFailed: none of the addresses gave the file; it says why for the last one.
        JobCancelled: the token was set; looked at after every 256 kB.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    reasons: list[str] = []
    try:
        for url in urls:
            try:
                found = _copy(url, partial, target.name, emit, token)
            except (OSError, HTTPException, RuntimeError, ValueError) as error:
                reasons.append(f"{url}: {getattr(error, 'reason', None) or error}")
                continue
            if found == md5:
                os.replace(partial, target)
                return
            reasons.append(f"{url}: the content is not what was published (checksum {found})")
    finally:
        partial.unlink(missing_ok=True)
    raise JobFailed(
        f"{target.name} could not be downloaded: {reasons[-1] if reasons else 'no address is known'}.",
        f"Check the connection, or copy the file from another machine to {target.parent} by USB stick.",
        details="\n".join(reasons),
    )


def _copy(url: str, partial: Path, name: str, emit: Emit, token: CancelToken) -> str:
    """Write what `url` gives to `partial` and return its MD5 sum."""
    digest = hashlib.md5(usedforsecurity=False)
    request = urllib.request.Request(url, headers={"User-Agent": "vitrine"})
    with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, partial.open("wb") as file:
        total = int(answer.headers.get("Content-Length") or 0)
        done = 0
        while chunk := answer.read(_CHUNK):
            token.raise_if_cancelled()
            digest.update(chunk)
            file.write(chunk)
            done += len(chunk)
            emit(Progress(f"Downloading {name}", done, total))
    return digest.hexdigest()
