"""URIs of objects: every key survives, none can pass for options."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from photoclust.records import container_of, member_uri
from photoclust.storage.uris import Place, parse_uri

places = st.sampled_from([Place("s3", "b"), Place("s3", "b", (("endpoint_override", "http://[::1]:9000"),))])
keys = st.text(max_size=30) | st.text("%?#!/.tar25", max_size=30)


@given(places, keys)
def test_a_key_survives(place, key):
    assert parse_uri(place.uri(key)) == (place, key)


@given(places, keys)
def test_no_object_passes_for_a_member(place, key):
    assert container_of(place.uri(key)) is None


@given(places, keys, keys.filter(bool))
def test_a_member_names_its_container(place, key, name):
    container = place.uri(f"{key}.tar")
    assert container_of(member_uri(container, name)) == container
