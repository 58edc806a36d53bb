"""Which live sessions are there, and how does one join?"""

from datetime import UTC

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_cookie
from django.views.generic import DetailView
from icalendar import Calendar as ICalendar
from icalendar import Event

from lms_memberships.access import MembershipRequiredMixin, decide

from ..models import LiveSession
from ..models.pages import covers_in_one_query
from ..today import now

PAST_SESSIONS = 10


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    present = now()
    sessions = LiveSession.objects.not_over(present)
    past = LiveSession.objects.over(present)[:PAST_SESSIONS]
    return render(request, "example_site/live_index.html", {"sessions": sessions, "past_sessions": past})


# What the page shows depends on who asks: no cache may keep it.
@method_decorator([cache_control(private=True, no_store=True), vary_on_cookie], name="dispatch")
class Detail(DetailView):
    """For everybody; the way in only for those who may."""

    queryset = LiveSession.objects.prefetch_related(covers_in_one_query())
    template_name = "example_site/live_session.html"
    context_object_name = "session"

    def get_context_data(self, **kwargs: object) -> dict:
        present = now()
        return super().get_context_data(
            decision=decide(self.request.user, self.object, now=present),
            is_over=self.object.ends_at <= present,
            **kwargs,
        )


class Calendar(MembershipRequiredMixin, DetailView):
    """The session as a file for one's own calendar: it holds the join link, so members only."""

    model = LiveSession

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        session = self.get_object()
        return HttpResponse(
            _as_calendar(session, page=request.build_absolute_uri(session.get_absolute_url())),
            content_type="text/calendar; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{session.slug}.ics"'},
        )


def _as_calendar(session: LiveSession, *, page: str) -> bytes:
    event = Event()
    event.add("uid", f"{session.slug}@alder-ash.example")
    event.add("dtstamp", now().astimezone(UTC))
    # In UTC: every calendar turns that into the reader's own time.
    event.add("dtstart", session.starts_at.astimezone(UTC))
    event.add("dtend", session.ends_at.astimezone(UTC))
    event.add("summary", session.local_title)
    event.add("description", f"{session.local_description}\n\n{session.join_url}")
    event.add("location", session.join_url)
    event.add("url", page)
    calendar = ICalendar()
    calendar.add("prodid", "-//Alder & Ash//Live sessions//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    return calendar.to_ical()
