"""Key pairs and temporary grants."""

import re

from tencentserverless.local.access_keys import KeyRing, make_key_pair


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
