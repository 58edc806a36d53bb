"""What do the school's pictures look like? Pots, kilns and glazes, drawn from a few curves."""

import io
from collections.abc import Callable

from PIL import Image, ImageDraw, ImageFilter

Colour = tuple[int, int, int]
Point = tuple[float, float]

WIDTH, HEIGHT = 1280, 800
FINER = 2  # drawn twice as large, so that edges come out smooth

CHALK: Colour = (243, 235, 222)
SAND: Colour = (226, 205, 174)
CLAY: Colour = (178, 92, 58)
BRICK: Colour = (139, 58, 38)
MOSS: Colour = (92, 107, 78)
PINE: Colour = (42, 66, 60)
LAKE: Colour = (96, 133, 142)
NIGHT: Colour = (32, 38, 48)
EMBER: Colour = (227, 122, 62)
STRAW: Colour = (232, 184, 104)

# Half a pot each: (distance from the axis, height), from the rim to the foot, both of 1.
BOWL: tuple[Point, ...] = ((1.0, 0.0), (0.97, 0.25), (0.8, 0.6), (0.45, 0.9), (0.36, 1.0))
VASE: tuple[Point, ...] = (
    (0.34, 0.0), (0.28, 0.08), (0.26, 0.2), (0.5, 0.36), (0.66, 0.56), (0.6, 0.8), (0.38, 1.0),
)  # fmt: skip
BOTTLE: tuple[Point, ...] = (
    (0.2, 0.0), (0.13, 0.06), (0.12, 0.34), (0.3, 0.48), (0.46, 0.66), (0.44, 0.9), (0.34, 1.0),
)  # fmt: skip
CUP: tuple[Point, ...] = ((0.62, 0.0), (0.6, 0.4), (0.54, 0.8), (0.42, 1.0))
JAR: tuple[Point, ...] = (
    (0.4, 0.0), (0.44, 0.06), (0.64, 0.2), (0.74, 0.45), (0.66, 0.78), (0.46, 1.0),
)  # fmt: skip


class Canvas:
    """A picture in the making; all measures are those of the finished picture."""

    def __init__(self, top: Colour, bottom: Colour) -> None:
        self.image = Image.new("RGB", (WIDTH * FINER, HEIGHT * FINER), top)
        self.draw = ImageDraw.Draw(self.image)
        for y in range(HEIGHT * FINER):
            self.draw.line([(0, y), (WIDTH * FINER, y)], fill=mix(top, bottom, y / (HEIGHT * FINER)))

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        box = [_fine(x - radius), _fine(y - radius), _fine(x + radius), _fine(y + radius)]
        self.draw.ellipse(box, fill=colour)

    def band(self, y: float, height: float, colour: Colour) -> None:
        self.draw.rectangle([0, _fine(y), WIDTH * FINER, _fine(y + height)], fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        edges = [_fine(left), _fine(top), _fine(right), _fine(bottom)]
        self.draw.rounded_rectangle(edges, radius=_fine(14), fill=colour)

    def pot(self, half: tuple[Point, ...], *, at: Point, size: Point, body: Colour, glaze: Colour) -> None:
        """A pot that stands at ``at`` (the middle of its foot), glazed in its upper half."""
        outline = [(w * size[0] / 2, at[1] - size[1] * (1 - h)) for w, h in _smooth(half)]
        self._shape(outline, at[0], body)
        dip = at[1] - size[1] * 0.42
        self._shape([(w, y) for w, y in outline if y <= dip], at[0], glaze)
        # The light falls from the left: one lighter stripe, following the curve.
        left = [(at[0] - w * 0.72, y) for w, y in outline]
        right = [(at[0] - w * 0.5, y) for w, y in outline]
        stripe = [(_fine(x), _fine(y)) for x, y in left + right[::-1]]
        light = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(light).polygon(stripe, fill=70)
        light = light.filter(ImageFilter.GaussianBlur(_fine(9)))
        self.image.paste(Image.new("RGB", self.image.size, CHALK), mask=light)

    def shadow(self, x: float, y: float, width: float) -> None:
        soft = Image.new("L", self.image.size, 0)
        box = [_fine(x - width / 2), _fine(y - 12), _fine(x + width / 2), _fine(y + 12)]
        ImageDraw.Draw(soft).ellipse(box, fill=95)
        soft = soft.filter(ImageFilter.GaussianBlur(_fine(10)))
        self.image.paste(Image.new("RGB", self.image.size, NIGHT), mask=soft)

    def png(self) -> bytes:
        small = self.image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        small.quantize(colors=192, method=Image.Quantize.MEDIANCUT).save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def _shape(self, half: list[Point], axis: float, colour: Colour) -> None:
        if len(half) < 2:
            return
        points = [(axis - w, y) for w, y in half] + [(axis + w, y) for w, y in half[::-1]]
        self.draw.polygon([(_fine(x), _fine(y)) for x, y in points], fill=colour)


def mix(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def _fine(measure: float) -> int:
    return round(measure * FINER)


def _smooth(points: tuple[Point, ...], steps: int = 24) -> list[Point]:
    """The Catmull-Rom curve through the points."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for step in range(steps):
            t = step / steps
            curve.append((_spline(p0[0], p1[0], p2[0], p3[0], t), _spline(p0[1], p1[1], p2[1], p3[1], t)))
    return [*curve, points[-1]]


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)


Drawing = Callable[[], Canvas]
