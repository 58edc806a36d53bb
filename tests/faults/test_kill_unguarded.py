"""A process is killed in the middle, and one guard is gone: does the oracle notice?

Apart from test_kill.py, whose site is open as long as its file runs: two sites cannot be looked at at once.
"""

import time

import pytest
from django.db import connection

from tests.faults.rig import killing, oracle, people
from tests.faults.rig.site import DRAIN, site

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="several processes need row locks"),
]

#: The guard, the point at which a worker dies, and of what the oracle complains afterwards.
WITHOUT = [
    ("settle_after_the_work", "inbox.read", "is at Stripe only"),
    ("mark_before_sending", "emails.sent", "was sent 2 times"),
]


@pytest.mark.parametrize(("guard", "point", "complaint"), WITHOUT)
def test_control_without_a_guard_a_death_is_noticed(guard, point, complaint, rig_folder):
    """T3, E1, F1, negative control: paid and never come back; the one worker dies, and two others go on."""
    with site(rig_folder, RIG_WITHOUT=guard) as place:
        place.start_web()
        buyer = killing.Driver(place, people.sell())
        people.pay(people.press(buyer.newcomer(), buyer.membership).location)
        buyer.deliver()
        worker = place.start_command(*DRAIN, LMS_KILL_AT=f"{point}:1")
        while place.is_running(worker):
            time.sleep(0.1)
        assert place.all_killed() == 1
        place.start_workers()
        place.wait_until_quiet()
        assert any(complaint in each for each in oracle.complaints(place)), oracle.complaints(place)
