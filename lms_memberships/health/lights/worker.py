"""Does somebody work in the background, and may web requests leave the work to them (E10)?"""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..ages import age
from ..evidence import Evidence
from ..words import Finding, Group, Light, Repair, fault, ok, warning

#: Whoever works notes it: the commands the first, tasks the second.
SIGNS = ("worker", "worker.task")
SILENCE = timedelta(minutes=10)
DRAINED_TODAY = timedelta(days=1)
#: These run at once in the request, or never.
NO_WORKERS = ("ImmediateBackend", "DummyBackend")

START = Repair(
    gettext_lazy("Start the worker"),
    gettext_lazy("Run “manage.py memberships_drain --loop” as a service, or the task backend's own worker."),
)


def judge(evidence: Evidence) -> Finding:
    last = evidence.seen_at(*SIGNS)
    waits_since = evidence.oldest_work_at
    is_alive = last is not None and evidence.now - last <= SILENCE
    if not is_alive and waits_since is not None and evidence.now - waits_since > SILENCE:
        seen = _("%(age)s ago") % {"age": age(last, evidence.now)} if last else _("never")
        return fault(
            _("Work has waited for %(age)s, and a worker was last seen %(seen)s.")
            % {"age": age(waits_since, evidence.now), "seen": seen},
            START,
        )
    if evidence.task_backend.endswith(NO_WORKERS) and not evidence.is_recent("worker", DRAINED_TODAY):
        return warning(
            _("No worker: what follows a payment is done inside web requests, and what fails waits for the next one."),
            START,
        )
    if last is None:
        return ok(_("Nothing waits. No worker was seen yet."))
    return ok(_("A worker was seen %(age)s ago.") % {"age": age(last, evidence.now)})


LIGHT = Light("worker", gettext_lazy("Worker"), Group.WORK, judge)
