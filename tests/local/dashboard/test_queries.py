"""Parameters of queries and bodies: what is read, and what is refused with its name."""

import msgspec
import pytest

from tencentserverless.local.dashboard.queries import Query, read_body, read_cursor, read_key
from tencentserverless.local.dashboard.sources import Refusal


class Body(msgspec.Struct, forbid_unknown_fields=True):
    number: int


def test_of_a_repeated_parameter_the_last_one_counts():
    query = Query(b"a=1&a=2&b=%E4%B8%AD")
    assert (query.text("a"), query.text("b"), query.text("c")) == ("2", "中", "")
    assert (query.number("a"), query.number("c")) == (2.0, None)


@pytest.mark.parametrize(
    "read",
    [
        lambda: Query(b"&".join(b"x%d=1" % number for number in range(17))),
        lambda: Query(b"").needed("function"),
        lambda: read_key(Query(b"region=r&namespace=n")),
        lambda: Query(b"since=inf").number("since"),
        lambda: read_cursor(Query("cursor=¹".encode("latin-1"))),
        lambda: read_body(b"{}", Body),
        lambda: read_body(b'{"number": 1, "other": 2}', Body),
        lambda: read_body(b"\xff", Body),
        lambda: read_body(b"[" * 100_000, Body),
    ],
)
def test_what_can_not_be_read_is_refused(read):
    with pytest.raises(Refusal) as refused:
        read()
    assert (refused.value.status, refused.value.code) == (400, "parameter")
    assert len(str(refused.value)) < 300
