"""What must be the same for all variants, whichever of them is tested first."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def standard(shared: Path, topic: str, author: str, value: Any) -> tuple[str, Any]:
    """Who was first to say something on the topic, and what; from then on it stands."""
    folder = shared / "agreements"
    folder.mkdir(exist_ok=True)
    own = folder / f"{topic}-{author}.json"
    own.write_text(json.dumps([author, value]), encoding="utf-8")
    first = folder / f"{topic}.json"
    with suppress(FileExistsError):
        os.link(own, first)
    who, what = json.loads(first.read_text(encoding="utf-8"))
    return who, what
