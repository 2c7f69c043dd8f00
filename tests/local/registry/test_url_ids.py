"""The ids of URLs: one for each version or alias, for ever."""

import re
import sqlite3

import pytest

from tencentserverless.local.registry.database import Database, DatabaseError
from tencentserverless.local.registry.function_version import FunctionKey
from tencentserverless.local.registry.url_ids import UrlIds, UrlPlace

IT = FunctionKey("ap-guangzhou", "default", "it")


@pytest.fixture
def database(tmp_path):
    database = Database(tmp_path / "state.db", print)
    yield database
    database.close()


def test_an_id_is_ten_letters_and_digits_and_is_given_once(database):
    ids = UrlIds(database)
    place = UrlPlace(IT, "$DEFAULT")
    assert ids.known(place) is None
    given = ids.give(IT, "$DEFAULT")
    assert re.fullmatch(r"[a-z0-9]{10}", given)
    assert ids.give(IT, "$DEFAULT") == ids.known(place) == given
    assert ids.find(given) == place
    assert ids.find("0" * 10) is None


def test_each_version_and_alias_of_each_function_has_its_own(database):
    ids = UrlIds(database)
    places = [
        UrlPlace(IT._replace(**other), name)
        for other in ({}, {"name": "two"}, {"region": "ap-beijing"})
        for name in "12"
    ]
    given = [ids.give(*place) for place in places]
    assert len(set(given)) == len(places)
    assert [ids.find(each) for each in given] == places


def test_the_next_server_knows_them(database):
    given = UrlIds(database).give(IT, "1")
    again = UrlIds(database)
    assert (again.give(IT, "1"), again.find(given)) == (given, UrlPlace(IT, "1"))


def test_an_id_that_can_not_be_kept_is_not_given(database, tmp_path):
    ids = UrlIds(database)
    other = sqlite3.connect(tmp_path / "state.db")
    other.execute("DROP TABLE urls")
    other.commit()
    other.close()
    with pytest.raises(DatabaseError):
        ids.give(IT, "1")
    assert ids.known(UrlPlace(IT, "1")) is None
