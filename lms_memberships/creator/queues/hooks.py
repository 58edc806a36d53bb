"""Where does the admin show the queues? Under Reports, each for whoever may see its rows."""

from collections.abc import Callable
from functools import partial

from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.urls import URLPattern, path, reverse
from wagtail import hooks
from wagtail.admin.menu import MenuItem

from ...retrying import unwrapped
from .. import desks
from .queues import QUEUES, WAKERS, Queue
from .views import try_again, url_name, view_of


def register(*, wake_for_webhooks: Callable[[], object]) -> None:
    """What the webhooks lend to their list: it does not know them."""
    WAKERS["webhooks"] = wake_for_webhooks


@hooks.register("register_admin_urls")
def queue_urls() -> list[URLPattern]:
    return unwrapped([url for queue in QUEUES.values() for url in _urls(queue)])


def _urls(queue: Queue) -> list[URLPattern]:
    base = f"memberships/queues/{queue.slug}/"
    return [
        path(base, view_of(queue), name=url_name(queue)),
        path(f"{base}results/", view_of(queue, only_results=True), name=url_name(queue, "results")),
        path(f"{base}<int:pk>/again/", partial(try_again, slug=queue.slug), name=url_name(queue, "again")),
    ]


@hooks.register("register_permissions")
def queue_permissions() -> QuerySet[Permission]:
    names = {queue.permission.partition(".")[2] for queue in QUEUES.values()}
    views = {f"view_{queue.model._meta.model_name}" for queue in QUEUES.values()}
    return desks.permissions(names | views)


def _item(queue: Queue, order: int) -> MenuItem:
    needs, name = [f"view_{queue.model._meta.model_name}"], f"lms-memberships-{queue.slug}"
    url = reverse(url_name(queue))
    return desks.DeskMenuItem(queue.title, url, needs=needs, name=name, icon_name=queue.icon, order=order)


for _number, _queue in enumerate(QUEUES.values()):
    hooks.register("register_reports_menu_item", partial(_item, _queue, 1200 + _number))
