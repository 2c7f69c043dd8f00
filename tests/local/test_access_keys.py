"""Key pairs and temporary grants."""

import re

from tencentserverless.local.access_keys import KeyRing, OneUseKeys, make_key_pair


def test_a_key_pair_has_the_platforms_shape_and_is_new_every_time():
    pairs = [make_key_pair() for _ in range(20)]
    assert all(re.fullmatch(r"AKID[A-Za-z0-9]{32}", pair.secret_id) for pair in pairs)
    assert all(re.fullmatch(r"[A-Za-z0-9]{32}", pair.secret_key) for pair in pairs)
    assert len({pair.secret_key for pair in pairs}) == 20


def test_temporary_grants_wear_and_can_be_taken_back():
    now = [1000.0]
    owner = make_key_pair()
    keys = KeyRing(owner, lambda: now[0], 3600)
    key = keys.issue()
    assert keys.find(key.credentials.secret_id) is key
    assert key.credentials.token
    assert not keys.expires_within(key, 3600)
    now[0] += 1
    assert keys.expires_within(key, 3600)
    keys.revoke(key)
    assert keys.find(key.credentials.secret_id) is None
    owners = keys.find(owner.secret_id)
    keys.revoke(owners)
    assert keys.find(owner.secret_id) is owners
    assert not keys.expires_within(owners, 10**9)


def test_no_repr_shows_a_key():
    keys = KeyRing(make_key_pair(), lambda: 0.0, 1)
    key = keys.issue()
    for text in (repr(keys), repr(key)):
        assert key.credentials.secret_key not in text
        assert key.credentials.token not in text
        assert keys.owner.secret_key not in text


def test_a_key_opens_once_and_for_a_while():
    now = [100.0]
    keys = OneUseKeys(lambda: now[0], 120.0)
    first, second = keys.make(), keys.make()
    assert first != second
    assert keys.waits(first)
    assert keys.take(first)
    assert not keys.take(first)
    assert not keys.waits(first)
    assert not keys.take("")
    now[0] += 120.0
    assert not keys.waits(second)
    assert not keys.take(second)


def test_of_too_many_keys_the_oldest_is_dropped():
    keys = OneUseKeys(lambda: 0.0, 120.0)
    made = [keys.make() for _ in range(17)]
    assert [keys.take(key) for key in made] == [False, *[True] * 16]
    assert made[1] not in repr(keys)
