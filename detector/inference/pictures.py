"""Pictures and videos to look at: which ones, and their pixels, read ahead of the model."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np

from detector.data import images
from detector.data.colour import Pixels
from detector.errors import UsageError

PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
AHEAD = 16  # pictures


class Source(NamedTuple):
    """A picture or video, and its name in what is written: its path below the folder that was named."""

    file: Path
    name: str

    @property
    def is_video(self) -> bool:
        """By its ending."""
        return self.file.suffix.lower() in VIDEOS


class Frame(NamedTuple):
    """A picture as OpenCV has it, (height, width, 3), blue first; of a video a frame, with its `number` from 1."""

    source: Source
    pixels: Pixels
    number: int | None = None

    @property
    def name(self) -> str:
        """The source's name; for a frame with its number before the ending: clip_000017.mp4."""
        if self.number is None:
            return self.source.name
        return str(Path(self.source.name).with_suffix("")) + f"_{self.number:06}{self.source.file.suffix}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


class Unread(NamedTuple):
    """A picture or video that can't be read, and why."""

    file: str
    why: str


def listed(places: Sequence[Path]) -> list[Source]:
    """All pictures and videos in these files and folders, in the order of their names.

    Raises:
        UsageError: A place is not there or has none in it, or two have the same name.
    """
    sources = [source for place in places for source in _in(place)]
    [(name, count)] = Counter(source.name for source in sources).most_common(1)
    if count > 1:
        raise UsageError(f"{count} pictures are called {name}; name the one folder that they all lie in")
    return sources


def _in(place: Path) -> list[Source]:
    if place.is_file():
        return [Source(place, place.name)]
    if not place.is_dir():
        raise UsageError(f"there is no picture, video or folder {place}")
    files = (file for file in place.rglob("[!.]*") if file.suffix.lower() in PICTURES + VIDEOS and file.is_file())
    sources = sorted(Source(file, file.relative_to(place).as_posix()) for file in files)
    if not sources:
        raise UsageError(f"{place} has no picture or video in it: none that ends with {', '.join(PICTURES + VIDEOS)}")
    return sources


def count(sources: Sequence[Source]) -> int:
    """How many frames there are, as the videos say; some say it wrongly."""
    return sum(_length(source.file) if source.is_video else 1 for source in sources)


def _length(video: Path) -> int:
    import cv2

    return max(1, int(cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FRAME_COUNT)))


def speed_of(video: Path) -> float:
    """Frames a second."""
    import cv2

    return float(cv2.VideoCapture(str(video)).get(cv2.CAP_PROP_FPS)) or 25.0


def frames(sources: Sequence[Source]) -> Iterator[Frame | Unread]:
    """Every picture and every frame, in order; pictures are decoded in threads."""
    with ThreadPoolExecutor() as pool:
        waiting: deque[Future[Frame | Unread] | Source] = deque()
        for source in sources:
            waiting.append(source if source.is_video else pool.submit(_picture, source))
            if len(waiting) > AHEAD:
                yield from _ready(waiting.popleft())
        while waiting:
            yield from _ready(waiting.popleft())


def _ready(waited: "Future[Frame | Unread] | Source") -> Iterator[Frame | Unread]:
    if isinstance(waited, Source):
        yield from _video(waited)
    else:
        yield waited.result()


def _picture(source: Source) -> Frame | Unread:
    pixels = images.read(source.file)
    if isinstance(pixels, images.Pixels):
        return Unread(source.name, (pixels.detail or "").removeprefix(f"{source.file.name}: "))
    return Frame(source, pixels)


def _video(source: Source) -> Iterator[Frame | Unread]:
    import cv2

    video, number = cv2.VideoCapture(str(source.file)), 0
    try:
        while (read := video.read())[0]:
            number += 1
            yield Frame(source, np.asarray(read[1], np.uint8), number)
    finally:
        video.release()
    if not number:
        yield Unread(source.name, "not a video that OpenCV decodes")
