"""How is the school's SCORM 1.2 package built? A manifest, a page, its script and its texts, zipped."""

import io
import json
import zipfile
from dataclasses import asdict
from html import escape
from pathlib import Path
from xml.sax.saxutils import escape as escape_xml

from .words import Quiz

SOURCES = Path(__file__).parent / "packages" / "scorm"
# A fixed date: the same texts make the same bytes.
BUILT_AT = (2026, 1, 1, 0, 0, 0)

MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<manifest identifier="alder-ash-{slug}" version="1.0"
    xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
    xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.imsproject.org/xsd/imscp_rootv1p1p2 imscp_rootv1p1p2.xsd
        http://www.adlnet.org/xsd/adlcp_rootv1p2 adlcp_rootv1p2.xsd">
  <metadata>
    <schema>ADL SCORM</schema>
    <schemaversion>1.2</schemaversion>
  </metadata>
  <organizations default="organisation">
    <organization identifier="organisation">
      <title>{title}</title>
      <item identifier="item" identifierref="lesson" isvisible="true">
        <title>{title}</title>
        <adlcp:masteryscore>100</adlcp:masteryscore>
      </item>
    </organization>
  </organizations>
  <resources>
    <resource identifier="lesson" type="webcontent" adlcp:scormtype="sco" href="index.html">
{files}
    </resource>
  </resources>
</manifest>
"""


def build_scorm(quiz: Quiz, *, slug: str, language: str) -> bytes:
    """The package as one would upload it."""
    page = (SOURCES / "index.html.tmpl").read_text()
    files = {
        "index.html": page % {"language": language, "title": escape(quiz.title)},
        "lesson.css": (SOURCES / "lesson.css").read_text(),
        "lesson.js": (SOURCES / "lesson.js").read_text(),
        "content.js": f"window.LESSON = {json.dumps(asdict(quiz), ensure_ascii=False, indent=1)};\n",
    }
    listed = "\n".join(f'      <file href="{name}"/>' for name in files)
    manifest = MANIFEST.format(slug=slug, title=escape_xml(quiz.title), files=listed)
    return zip_texts({"imsmanifest.xml": manifest, **files})


def zip_texts(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, text in files.items():
            package.writestr(zipfile.ZipInfo(name, BUILT_AT), text, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
