"""One page that needs nothing else."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import polars as pl
import pytest

from churn.domain.errors import UsageError
from churn.pipelines.monitor_files import Monitored
from churn.pipelines.monitor_report import page, write
from tests.pipelines.test_monitor_files import Files

VOID = {"meta", "img", "br"}


class Strict(HTMLParser):
    """Every element closes, in order; attributes are kept."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append(dict(attrs) | {"tag": tag})
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def result(tmp_path: Path) -> Monitored:
    files = Files(tmp_path)
    files.change(6, pl.col("SPEND") * 100)
    files.scored = files.scored.with_columns(REGION=pl.col("REGION") + pl.lit(" <&>"))
    return files.run(segments=["REGION"], outcome_time="KNOWN_ON")


def test_the_page_is_well_formed_and_needs_no_network(result: Monitored) -> None:
    text = page(result)
    strict = Strict()
    strict.feed(text)
    strict.close()
    assert strict.open == []
    assert text.startswith("<!DOCTYPE html>")
    assert "<&>" not in text
    links = [a[name] for a in strict.attributes for name in ("src", "href") if name in a]
    assert links
    assert all(link and link.startswith("data:image/svg+xml;base64,") for link in links)


def test_every_picture_is_an_image_with_a_text_that_says_what_it_shows(result: Monitored) -> None:
    text = page(result)
    images = re.findall(r'<img alt="([^"]+)" src="data:image/svg\+xml;base64,([^"]+)">', text)
    assert len(images) == 4
    for about, data in images:
        assert len(about) > 40
        assert ET.fromstring(base64.b64decode(data)).tag.endswith("svg")  # noqa: S314
    assert "ROC_AUC 0." in images[0][0]
    assert "SPEND" in images[1][0]


def test_the_page_names_the_alarms_and_the_findings(result: Monitored) -> None:
    text = page(result)
    assert "feature_psi" in text
    assert "looks like a change of unit" in text
    assert "2024-02-18" in text


def test_equal_runs_give_equal_pages(result: Monitored) -> None:
    assert page(result) == page(result)


def test_a_picture(result: Monitored, tmp_path: Path) -> None:
    assert write(result, tmp_path / "new" / "m.png").read_bytes().startswith(b"\x89PNG")
    assert write(result, tmp_path / "m.html").read_text() == page(result)
    assert sorted(p.name for p in (tmp_path / "new").iterdir()) == ["m.png"]
    with pytest.raises(UsageError, match=r"\.html or \.png"):
        write(result, tmp_path / "m.pdf")


def test_a_history_without_rows_has_a_page_too(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.scored = files.scored.head(0)
    assert "no periods" in page(files.run())
