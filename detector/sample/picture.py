"""Photographs of a tray: a bench under a lamp, the parts on it, and the camera's own faults."""

import numpy as np

from detector.sample.parts import HEIGHT, MATERIALS, WIDTH, Part, Pixels


def photograph(rng: np.random.Generator, parts: list[Part]) -> Pixels:
    """A picture of the parts, later ones on top; RGB in 0 … 1, shape (HEIGHT, WIDTH, 3)."""
    surface = _SURFACES[int(rng.integers(len(_SURFACES)))](rng)
    turn, elevation = rng.uniform(0, 2 * np.pi), rng.uniform(0.75, 1.2)
    light = np.array([np.cos(turn) * np.cos(elevation), np.sin(turn) * np.cos(elevation), np.sin(elevation)])
    for part in parts:
        _lay(surface, part, light, rng)
    return _develop(surface * _lamp(rng)[..., None], rng)


def _lay(surface: Pixels, part: Part, light: Pixels, rng: np.random.Generator) -> None:
    """Put one part, with its shadow, on the surface."""
    import cv2

    body = part.body()
    alpha = np.clip(0.5 - body, 0, 1)
    reach = part.size * 0.14
    move = np.array([[1, 0, -light[0] * reach * 2], [0, 1, -light[1] * reach * 2]], np.float32)
    shadow = cv2.GaussianBlur(cv2.warpAffine(alpha, move, alpha.shape[::-1]), (0, 0), reach * 0.5 + 0.6)
    shaded = surface[part.window()] * (1 - 0.55 * shadow[..., None])
    metal = _shade(part, part.height(body), light, rng)
    surface[part.window()] = shaded + (metal - shaded) * alpha[..., None]


def _shade(part: Part, height: Pixels, light: Pixels, rng: np.random.Generator) -> Pixels:
    """Colour of the part's surface under the light: diffuse reflection and a highlight (Blinn and Phong)."""
    colour, gloss = MATERIALS[part.material]
    slope_y, slope_x = np.gradient(height)
    normal = np.stack([-slope_x, -slope_y, np.ones_like(height)], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    halfway = light + np.array((0, 0, 1))
    highlight = np.clip(normal @ (halfway / np.linalg.norm(halfway)), 0, 1) ** 28
    diffuse = 0.34 + 0.72 * np.clip(normal @ light, 0, 1)
    wear = 1 + 0.05 * _noise(rng, 3, of=height.shape) + 0.05 * _noise(rng, 12, of=height.shape)
    metal = np.array(colour) * (diffuse * wear)[..., None] + (gloss * highlight * 0.6)[..., None]
    shaded: Pixels = np.clip(metal, 0, 1)
    return shaded


def _lamp(rng: np.random.Generator) -> Pixels:
    """Brightness over the picture: a warm spot somewhere, darker away from it."""
    x, y = rng.uniform((0, 0), (WIDTH, HEIGHT))
    across, down = np.meshgrid(np.arange(WIDTH) - x, np.arange(HEIGHT) - y)
    falloff = rng.uniform(0.1, 0.5) * np.hypot(across, down) / np.hypot(WIDTH, HEIGHT)
    brightness: Pixels = rng.uniform(0.85, 1.2) * (1.05 - falloff)
    return brightness


def _develop(picture: Pixels, rng: np.random.Generator) -> Pixels:
    """What the camera adds: white balance, a soft lens and noise."""
    import cv2

    warmth = rng.uniform(-0.07, 0.07)
    balanced = picture * np.array([1 + warmth, 1, 1 - warmth])
    soft = cv2.GaussianBlur(balanced, (0, 0), rng.uniform(0.3, 0.8))
    grain = rng.normal(0, rng.uniform(0.003, 0.012), (HEIGHT, WIDTH, 1))
    developed: Pixels = np.clip(soft + grain, 0, 1)
    return developed


def _noise(rng: np.random.Generator, grain: int, stretch: int = 1, of: tuple[int, ...] = (HEIGHT, WIDTH)) -> Pixels:
    """Smooth noise around 0 of shape `of`, with features of `grain` pixels, `stretch` times as long along x."""
    import cv2

    coarse = rng.standard_normal((of[0] // grain + 2, of[1] // (grain * stretch) + 2), np.float32)
    return cv2.resize(coarse, of[::-1], interpolation=cv2.INTER_CUBIC)  # type: ignore[no-any-return]


def _felt(rng: np.random.Generator) -> Pixels:
    colours = ((0.18, 0.36, 0.30), (0.23, 0.27, 0.45), (0.46, 0.20, 0.23), (0.37, 0.37, 0.38))
    texture = 1 + 0.07 * _noise(rng, 2) + 0.06 * _noise(rng, 40)
    return np.array(colours[int(rng.integers(len(colours)))]) * texture[..., None]


def _wood(rng: np.random.Generator) -> Pixels:
    down = np.arange(HEIGHT, dtype=np.float32)[:, None]
    rings = np.sin((down + 14 * _noise(rng, 70, 4)) * rng.uniform(0.18, 0.4))
    texture = 1 + 0.07 * rings + 0.05 * _noise(rng, 2, 14) + 0.05 * _noise(rng, 60)
    wood: Pixels = np.array((0.58, 0.40, 0.24)) * rng.uniform(0.75, 1.15) * texture[..., None]
    return wood


def _cutting_mat(rng: np.random.Generator) -> Pixels:
    colour = ((0.10, 0.36, 0.33), (0.12, 0.25, 0.42))[int(rng.integers(2))]
    cell, x, y = int(rng.integers(24, 44)), int(rng.integers(24)), int(rng.integers(24))
    mat = np.array(colour) * (1 + 0.05 * _noise(rng, 2) + 0.04 * _noise(rng, 50))[..., None]
    mat[y::cell] += 0.12
    mat[:, x::cell] += 0.12
    return mat


def _brushed_tray(rng: np.random.Generator) -> Pixels:
    texture = 1 + 0.05 * _noise(rng, 1, 60) + 0.06 * _noise(rng, 90)
    return np.array((0.47, 0.49, 0.52)) * rng.uniform(0.7, 1.1) * texture[..., None]


def _paper(rng: np.random.Generator) -> Pixels:
    return np.array((0.74, 0.72, 0.67)) * (1 + 0.02 * _noise(rng, 2) + 0.03 * _noise(rng, 80))[..., None]


_SURFACES = (_felt, _wood, _cutting_mat, _brushed_tray, _paper)
