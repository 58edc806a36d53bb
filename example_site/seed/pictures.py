"""Which pictures does the school have, and what is on each?"""

from .covers import (
    BOTTLE,
    BOWL,
    BRICK,
    CHALK,
    CLAY,
    CUP,
    EMBER,
    JAR,
    LAKE,
    MOSS,
    NIGHT,
    PINE,
    SAND,
    STRAW,
    VASE,
    Canvas,
    Drawing,
    mix,
)


def shelf() -> Canvas:
    """The hero: a shelf of pots in the morning."""
    canvas = Canvas(CHALK, SAND)
    canvas.disc(980, 250, 170, STRAW)
    canvas.band(640, 160, mix(CLAY, SAND, 0.55))
    canvas.band(640, 10, mix(CLAY, NIGHT, 0.25))
    for x, width in ((210, 230), (470, 150), (700, 260), (930, 130), (1115, 190)):
        canvas.shadow(x, 642, width)
    canvas.pot(JAR, at=(210, 640), size=(280, 300), body=CLAY, glaze=PINE)
    canvas.pot(BOTTLE, at=(470, 640), size=(260, 400), body=SAND, glaze=LAKE)
    canvas.pot(BOWL, at=(700, 640), size=(280, 150), body=BRICK, glaze=CHALK)
    canvas.pot(CUP, at=(930, 640), size=(190, 170), body=CLAY, glaze=MOSS)
    canvas.pot(VASE, at=(1115, 640), size=(240, 330), body=NIGHT, glaze=EMBER)
    return canvas


def wheel() -> Canvas:
    canvas = Canvas(mix(SAND, CHALK, 0.5), CLAY)
    for radius, share in ((520, 0.15), (430, 0.3), (340, 0.45), (250, 0.6)):
        canvas.disc(640, 700, radius, mix(SAND, BRICK, share))
    canvas.shadow(640, 640, 420)
    canvas.pot(BOWL, at=(640, 645), size=(520, 300), body=mix(CLAY, CHALK, 0.15), glaze=CLAY)
    return canvas


def glaze() -> Canvas:
    canvas = Canvas(PINE, mix(PINE, NIGHT, 0.6))
    tiles = (LAKE, CHALK, MOSS, STRAW, EMBER, SAND, BRICK, mix(LAKE, CHALK, 0.5))
    for number, colour in enumerate(tiles):
        column, row = number % 4, number // 4
        left, top = 190 + column * 235, 150 + row * 260
        canvas.box(left, top, left + 195, top + 220, mix(CLAY, SAND, 0.4))
        canvas.box(left, top, left + 195, top + 150, colour)
        canvas.disc(left + 98, top + 190, 9, mix(PINE, NIGHT, 0.4))
    return canvas


def kiln() -> Canvas:
    canvas = Canvas(NIGHT, mix(NIGHT, BRICK, 0.5))
    for row in range(8):
        for column in range(-1, 9):
            left = column * 170 + (row % 2) * 85
            canvas.box(left, row * 100, left + 160, row * 100 + 90, mix(BRICK, NIGHT, 0.35))
    for radius, share in ((310, 0.0), (250, 0.35), (190, 0.7), (120, 1.0)):
        canvas.disc(640, 400, radius, mix(EMBER, STRAW, share))
    for x, lean in ((560, -18), (640, 8), (720, 34)):
        points = [(x - 30, 500), (x + 30, 500), (x + lean, 330)]
        canvas.draw.polygon([(px * 2, py * 2) for px, py in points], fill=NIGHT)
    return canvas


def firing() -> Canvas:
    canvas = Canvas(mix(NIGHT, BRICK, 0.3), EMBER)
    for step in range(7):
        canvas.disc(640, 980 - step * 40, 620 - step * 85, mix(BRICK, STRAW, step / 6))
    canvas.shadow(640, 705, 260)
    canvas.pot(VASE, at=(640, 705), size=(360, 470), body=NIGHT, glaze=BRICK)
    return canvas


def table() -> Canvas:
    canvas = Canvas(mix(LAKE, CHALK, 0.65), mix(LAKE, CHALK, 0.4))
    canvas.band(560, 240, mix(PINE, LAKE, 0.35))
    for x, width in ((330, 200), (640, 330), (960, 200)):
        canvas.shadow(x, 600, width)
    canvas.pot(CUP, at=(330, 600), size=(260, 240), body=SAND, glaze=CLAY)
    canvas.pot(BOWL, at=(640, 600), size=(380, 190), body=CHALK, glaze=LAKE)
    canvas.pot(CUP, at=(960, 600), size=(260, 240), body=CLAY, glaze=CHALK)
    return canvas


def recipes() -> Canvas:
    canvas = Canvas(STRAW, mix(STRAW, CLAY, 0.5))
    canvas.box(390, 110, 890, 720, mix(CLAY, NIGHT, 0.3))
    canvas.box(370, 90, 870, 700, CHALK)
    for row, (colour, length) in enumerate(((PINE, 330), (CLAY, 260), (LAKE, 300), (MOSS, 210), (BRICK, 280))):
        top = 190 + row * 95
        canvas.disc(450, top + 16, 26, colour)
        canvas.box(500, top + 8, 500 + length, top + 24, mix(CHALK, NIGHT, 0.28))
    return canvas


def poster() -> Canvas:
    canvas = Canvas(mix(MOSS, CHALK, 0.35), MOSS)
    canvas.box(400, 80, 880, 740, CHALK)
    for column in range(3):
        for row in range(2):
            x, foot = 500 + column * 140, 380 + row * 290
            half = (VASE, BOWL, BOTTLE, JAR, CUP, VASE)[column + row * 3]
            body = (CLAY, PINE, BRICK, LAKE, NIGHT, MOSS)[column + row * 3]
            canvas.pot(half, at=(x, foot), size=(130, 170), body=body, glaze=mix(body, CHALK, 0.4))
    return canvas


def studio() -> Canvas:
    """The old dairy: three windows and a long bench."""
    canvas = Canvas(mix(CHALK, SAND, 0.4), mix(SAND, CLAY, 0.3))
    for left in (150, 510, 870):
        canvas.box(left, 110, left + 260, 470, mix(LAKE, CHALK, 0.55))
        canvas.box(left + 124, 110, left + 136, 470, CHALK)
        canvas.box(left, 284, left + 260, 296, CHALK)
        canvas.disc(left + 190, 200, 42, STRAW)
    canvas.band(610, 190, mix(PINE, NIGHT, 0.2))
    for number, x in enumerate(range(140, 1240, 165)):
        half = (CUP, BOWL, VASE, CUP, JAR, BOTTLE, BOWL)[number % 7]
        height = (110, 80, 190, 110, 140, 210, 80)[number % 7]
        canvas.pot(half, at=(x, 612), size=(130, height), body=CLAY, glaze=(CHALK, LAKE)[number % 2])
    return canvas


PICTURES: dict[str, Drawing] = {
    "shelf": shelf,
    "wheel": wheel,
    "glaze": glaze,
    "kiln": kiln,
    "firing": firing,
    "table": table,
    "recipes": recipes,
    "poster": poster,
    "studio": studio,
}
