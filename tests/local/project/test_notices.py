"""Reports keep each line once, and name the near miss of a key."""

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.project.notices import Report, near_miss


def test_near_misses():
    known = ("namespace", "name", "memorySize")
    assert near_miss("namesapce", known) == "; did you mean namespace?"
    assert near_miss("memorysize", known) == "; did you mean memorySize?"
    assert near_miss("zzz", known) == ""


def test_a_fault_is_kept_once_and_the_default_goes_on():
    report = Report()

    def fail(words):
        raise StartupError(Reason.PROJECT, words)

    assert [report.attempt(5, fail, "words") for _ in range(2)] == [5, 5]
    assert report.attempt(5, int, "7") == 7
    report.notice("n")
    report.notice("n")
    report.doubt("d")
    report.doubt("d")
    assert (report.notices, report.doubts, report.faults) == (["n"], ["d"], ["words"])
