"""What a reader gets from outside, and what a reading is without more."""

from pathlib import Path

from tencentserverless.local.project.surroundings import FileReading, Surroundings


def test_no_output_is_known_unless_somebody_finds_it():
    assert Surroundings("ap-guangzhou", {}, 0.0).find_output("dev:shop:db.table") is None


def test_each_reading_has_a_report_of_its_own():
    first, second = FileReading(Path("a")), FileReading(Path("b"))
    first.report.notice("words")
    assert second.report.notices == []
    assert first.is_ours
