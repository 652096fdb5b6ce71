"""What was seen, drawn on the pictures and into the videos, beside the model's work: in a thread of its own."""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from detector.data.drawing import Shape, with_shapes
from detector.inference.pictures import Source, speed_of
from detector.inference.seen import Object, Seen

if TYPE_CHECKING:
    from PIL.Image import Image

WAITING = 16  # pictures
QUALITY = 92  # of a JPEG


class Drawn:
    """pictures/: each picture and video with its objects, called as it is; what is no JPEG or video becomes a PNG."""

    def __init__(self, folder: Path, classes: Sequence[str]) -> None:
        self._folder, self._classes = folder / "pictures", classes
        self._thread, self._waiting = ThreadPoolExecutor(1), deque[Future[None]]()
        self._video: tuple[Source, Any] | None = None

    def add(self, seen: Seen) -> None:
        """Draw it soon."""
        self._waiting.append(self._thread.submit(self._draw, seen))
        if len(self._waiting) > WAITING:
            self._waiting.popleft().result()

    def end(self) -> None:
        """Wait until all is drawn."""
        for drawing in self._waiting:
            drawing.result()
        self._thread.shutdown()
        self._close()

    def _draw(self, seen: Seen) -> None:
        photo, place = drawn(seen, self._classes), self._folder / seen.frame.source.name
        place.parent.mkdir(parents=True, exist_ok=True)
        if seen.frame.number is not None:
            self._film(photo, seen.frame.source, place)
        elif place.suffix.lower() in {".jpg", ".jpeg"}:
            photo.save(place, quality=QUALITY)
        else:
            photo.save(place if place.suffix.lower() == ".png" else place.with_name(f"{place.name}.png"))

    def _film(self, photo: "Image", source: Source, place: Path) -> None:
        import cv2
        import numpy as np

        if self._video is None or self._video[0] != source:
            self._close()
            mp4 = cv2.VideoWriter.fourcc(*"mp4v")
            film = cv2.VideoWriter(str(place.with_suffix(".mp4")), mp4, speed_of(source.file), photo.size)
            self._video = source, film
        self._video[1].write(np.ascontiguousarray(np.asarray(photo)[..., ::-1]))

    def _close(self) -> None:
        if self._video:
            self._video[1].release()


def drawn(seen: Seen, classes: Sequence[str]) -> "Image":
    """The frame with its objects, in letters that suit its size."""
    from PIL import Image

    photo = Image.fromarray(seen.frame.pixels[..., ::-1])
    letters = max(11, round(max(photo.size) / 64))
    return with_shapes(photo, [_shape(each, classes) for each in reversed(seen.objects)], letters)


def _shape(of: Object, classes: Sequence[str]) -> Shape:
    outline = list(zip(of.outline[::2], of.outline[1::2], strict=True))
    return Shape(of.class_id, f"{classes[of.class_id]} {of.score:.2f}", outline)
