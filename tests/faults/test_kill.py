"""A process is killed in the middle, anywhere: is nothing lost and nothing doubled?"""

import pytest
from django.db import connection

from lms_memberships.models import Email
from tests.faults.rig import killing, oracle, people, points
from tests.faults.rig.site import WORKERS, site
from tests.faults.sizes import SEED, pick

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]

POINTS = killing.killpoints()
CHOSEN = killing.some(POINTS, pick(test=6, ci=len(POINTS) // 2, soak=len(POINTS)), SEED)
#: At the first, the second or the third time that a process comes by, where it comes by that often.
TIMES = 2
HANDING_OVER = {"emails.marked", "emails.sent"}


@pytest.fixture(scope="module")
def driver(tmp_path_factory, django_db_blocker):
    with django_db_blocker.unblock(), site(tmp_path_factory.mktemp("kill")) as place:
        yield killing.Driver(place, people.sell())


def test_there_are_points_enough():
    """E1: at least 25, in all parts that do something that must not be lost."""
    assert len(POINTS) >= 25
    assert {name.partition(".")[0] for name in POINTS} >= {"intake", "inbox", "emails", "deliveries"}


@pytest.mark.parametrize("turn", range(pick(test=1, ci=1, soak=20)))
@pytest.mark.parametrize("name", CHOSEN)
def test_killed_there_nothing_is_lost_and_nothing_doubled(name, turn, driver, report):
    """T3, E1, E2, E3, A5, B13: the process dies at the n-th time, and everything goes on as if it had not."""
    uncertain = Email.objects.filter(state=Email.State.UNKNOWN)
    before = uncertain.count()
    way, time = points.way_to(name), 1 + turn % TIMES
    seconds = driver.die(way, at=name, time=time)
    assert seconds is not None, f"nobody died at {name}: does {way.__name__} come by there?"
    report(f"T3 {name}", recovery=seconds)
    assert oracle.complaints(driver.site) == []
    # Of a mail that was being handed over nobody knows whether it left: it is shown to a person, never sent twice.
    # Both drains may come by before the first death is seen, and each of them dies there.
    most = len(WORKERS["none"]) if name in HANDING_OVER else 0
    assert uncertain.count() - before <= most
