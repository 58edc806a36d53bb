"""How does a list of rows become a small PDF? Pages of text in Helvetica, nothing else."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

# A4 in points.
WIDTH, HEIGHT, MARGIN = 595, 842, 56
SIZE, LEADING, TITLE_SIZE = 11, 20, 18
ROWS_A_PAGE = 34
LONGEST = 62

# Widths of Helvetica's letters in thousandths of the size, so that the right-hand column ends in one line.
WIDTHS = {
    letter: width
    for width, letters in {
        222: "ijl",
        278: " ,./:;ftI!",
        333: "-r()",
        500: "ckvsxyzJ",
        584: "+=",
        611: "FTZ",
        667: "ABEKPSVXY",
        722: "wCDHNRU",
        778: "GOQ",
        833: "mM",
        944: "W",
        1015: "@",
    }.items()
    for letter in letters
}
USUAL_WIDTH = 556


@dataclass(frozen=True)
class Row:
    left: str
    right: str = ""


def write(rows: list[Row], *, title: str) -> bytes:
    pages = [rows[start : start + ROWS_A_PAGE] for start in range(0, len(rows), ROWS_A_PAGE)] or [[]]
    contents = [_content(page, title=title) for page in pages]
    # Objects: 1 catalogue, 2 list of pages, 3 font, 4 bold font, then a page and its content in turn.
    numbers = [5 + 2 * place for place in range(len(contents))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(contents)} >>".encode(),
        *(_font(name) for name in ("Helvetica", "Helvetica-Bold")),
    ]
    for number, content in zip(numbers, contents, strict=True):
        objects += [_page(number + 1), b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)]
    return _file(objects, title=title)


def _font(name: str) -> bytes:
    return f"<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>".encode()


def _page(content: int) -> bytes:
    fonts = "<< /Font << /F1 3 0 R /F2 4 0 R >> >>"
    box = f"[0 0 {WIDTH} {HEIGHT}]"
    return f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Resources {fonts} /Contents {content} 0 R >>".encode()


def _content(rows: list[Row], *, title: str) -> bytes:
    top = HEIGHT - MARGIN
    parts = [_text(title, font="F2", size=TITLE_SIZE, x=MARGIN, y=top)]
    for place, row in enumerate(rows):
        y = top - 2 * LEADING - place * LEADING
        left = row.left if len(row.left) <= LONGEST else row.left[: LONGEST - 1] + "…"
        parts.append(_text(left, font="F1", size=SIZE, x=MARGIN, y=y))
        parts.append(_text(row.right, font="F1", size=SIZE, x=WIDTH - MARGIN - _width(row.right), y=y))
    return b"\n".join(parts)


def _text(text: str, *, font: str, size: int, x: float, y: float) -> bytes:
    return f"BT /{font} {size} Tf {x:.1f} {y:.1f} Td (".encode() + _escaped(text) + b") Tj ET"


def _escaped(text: str) -> bytes:
    # The built-in fonts know no narrow no-break space.
    plain = text.replace("\u202f", "\u00a0").encode("cp1252", "replace")
    return plain.replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")


def _width(text: str) -> float:
    # An accent makes a letter no wider, and a no-break space is a space.
    letters = (unicodedata.normalize("NFKD", letter)[0] for letter in text)
    return sum(WIDTHS.get(letter, USUAL_WIDTH) for letter in letters) * SIZE / 1000


def _file(objects: list[bytes], *, title: str) -> bytes:
    objects = [*objects, b"<< /Title (" + _escaped(title) + b") >>"]
    written, places = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    trailer = f"trailer\n<< /Size {count} /Root 1 0 R /Info {len(objects)} 0 R >>\nstartxref\n{len(written)}\n%%EOF\n"
    return written + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer.encode()
