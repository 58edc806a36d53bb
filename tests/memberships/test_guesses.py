"""Are guesses counted, for each address and each person, whatever came of them (S36, S37)?"""

from datetime import timedelta

import pytest
from django.test import RequestFactory

from lms_memberships.memberships import guesses
from lms_memberships.memberships.guesses import TooManyGuesses
from lms_memberships.models import GuessTally
from lms_memberships.portal.visitors import address_of

pytestmark = pytest.mark.django_db


def tries(number: int, *, now, address: str = "192.0.2.1", person: str = "7", apart: timedelta = timedelta(0)) -> int:
    """How many of them are looked at."""
    allowed = 0
    for turn in range(number):
        try:
            guesses.count("promotion", address=address, person=person, now=now + turn * apart)
        except TooManyGuesses:
            continue
        allowed += 1
    return allowed


def test_ten_a_minute_from_one_address(now):
    assert tries(200, now=now) == 10
    assert tries(1, now=now + timedelta(seconds=59)) == 0
    assert tries(20, now=now + timedelta(seconds=60)) == 10


def test_thirty_an_hour_by_one_person_from_many_addresses(now):
    allowed = sum(tries(10, now=now, address=f"192.0.2.{number}") for number in range(10))
    assert allowed == 30
    assert tries(1, now=now + timedelta(minutes=59), address="198.51.100.9") == 0
    assert tries(1, now=now + timedelta(minutes=60), address="198.51.100.9") == 1


def test_in_no_minute_are_there_more_than_ten(now):
    """The window moves with the clock: nobody gets twice as many around the turn of a minute."""
    assert tries(119, now=now, apart=timedelta(seconds=1)) == 20


def test_others_are_not_kept_waiting(now):
    tries(100, now=now)
    assert tries(1, now=now, address="198.51.100.1", person="8") == 1


def test_addresses_and_people_are_kept_as_hashes_and_forgotten(now):
    tries(1, now=now, address="192.0.2.77", person="ada@school.test")
    kept = str(list(GuessTally.objects.values()))
    assert "192.0.2.77" not in kept
    assert "ada" not in kept
    assert guesses.forget_old(now=now + timedelta(hours=23)) == 0
    assert guesses.forget_old(now=now + timedelta(hours=25)) == 2


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.5", "192.0.2.1"),
        (1, "203.0.113.5", "203.0.113.5"),
        (1, "6.6.6.6, 203.0.113.5", "203.0.113.5"),
        (2, "6.6.6.6, 203.0.113.5, 10.0.0.1", "203.0.113.5"),
        (2, "203.0.113.5", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "nonsense", "nonsense"),
    ],
)
def test_only_our_own_proxies_say_who_calls(settings, proxies: int, forwarded: str, address: str):
    """S37: what a visitor writes into the header stands before what our proxies add."""
    settings.LMS_MEMBERSHIPS_TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", headers={"x-forwarded-for": forwarded}, REMOTE_ADDR="192.0.2.1")
    assert address_of(request) == address


def test_a_network_of_version_6_is_one_address():
    first, second, other = (
        address_of(RequestFactory().get("/", REMOTE_ADDR=address))
        for address in ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1")
    )
    assert first == second != other
    assert address_of(RequestFactory().get("/", REMOTE_ADDR="::ffff:192.0.2.1")) == "192.0.2.1"
