"""Where a generator may be, and what follows from the address alone."""

from pathlib import Path

import pytest

from generator.address import Address, address_of


def test_a_socket_is_private_and_needs_no_encryption():
    address = address_of("unix:/run/pinxit/generator.sock")

    assert address.socket == Path("/run/pinxit/generator.sock")
    assert address.loopback
    assert address.private
    assert address.encrypted
    assert str(address) == "unix:/run/pinxit/generator.sock"


@pytest.mark.parametrize(
    ("text", "url", "place"),
    [
        ("https://gpu.example", "https://gpu.example/", "gpu.example:443"),
        ("http://10.0.0.5:8400/z/", "http://10.0.0.5:8400/z/", "10.0.0.5:8400"),
        ("http://[::1]:8400", "http://[::1]:8400/", "[::1]:8400"),
    ],
)
def test_what_is_asked_for_is_added_to_the_address(text, url, place):
    address = address_of(text)

    assert (address.socket, address.url, address.place) == (None, url, place)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gpu.example",
        "unix:",
        "unix:relative.sock",
        "ftp://gpu.example",
        "http://",
        "https://ada:secret@gpu.example",
        "https://gpu.example/?a=b",
        "https://gpu.example/#a",
        "http://gpu.example:0",
        "http://gpu.example:66666",
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match=r".*"):
        address_of(text)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.1.2.3", "192.168.1.5", "[fd00::1]", "gpu", "gpu.lan", "ray.pinxit.svc.cluster.local"],
)
def test_private_networks_are_known_by_their_addresses_and_names(host):
    assert address_of(f"http://{host}:8400").private


@pytest.mark.parametrize("host", ["8.8.8.8", "gpu.example", "[2001:4860:4860::8888]", "10.0.0.1.example"])
def test_any_other_host_may_be_anywhere(host):
    assert not address_of(f"http://{host}:8400").private


def test_only_this_machine_is_loopback():
    assert [address_of(f"http://{host}").loopback for host in ("localhost", "127.0.0.9", "gpu")] == [
        True,
        True,
        False,
    ]
    assert Address(None, "https://gpu/").encrypted
