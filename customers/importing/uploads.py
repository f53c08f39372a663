"""Uploaded files while they wait for their import: under random names, outside whatever is served."""

import datetime as dt
import os
import shutil
import uuid
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

KEPT = dt.timedelta(days=7)

_private = partial(os.open, mode=0o600)


def put_away(upload: UploadedFile) -> str:
    """Keep an uploaded file; the name under which it is found again."""
    name = uuid.uuid4().hex
    path = stored(name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(path, "xb", opener=_private) as file:
        upload.seek(0)
        shutil.copyfileobj(upload, file, 1 << 20)
    return name


def stored(name: str) -> Path:
    """Where a file that was put away is."""
    return Path(settings.MEDIA_ROOT) / "imports" / Path(name).name


def discard(name: str) -> None:
    """Delete a file that was put away, if it is still there."""
    stored(name).unlink(missing_ok=True)


def discard_forgotten(at: dt.datetime) -> None:
    """Delete files whose import was stopped or failed so long ago that nobody will try it again."""
    oldest = (at - KEPT).timestamp()
    folder = Path(settings.MEDIA_ROOT) / "imports"
    for path in folder.iterdir() if folder.exists() else ():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
