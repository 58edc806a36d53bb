"""Which pages does the site map name? Those of every language: Wagtail's own names the first one's only."""

from functools import reduce
from operator import or_

from wagtail.contrib.sitemaps import Sitemap
from wagtail.models import Page, PageQuerySet


class SchoolSitemap(Sitemap):
    def items(self) -> PageQuerySet:
        homes = self.get_wagtail_site().root_page.get_translations(inclusive=True).live()
        trees = [Page.objects.descendant_of(home, inclusive=True) for home in homes]
        # ``public`` leaves out what memberships keep closed.
        return reduce(or_, trees).live().public().order_by("path").specific()
