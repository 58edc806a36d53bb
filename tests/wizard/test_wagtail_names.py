"""Are the private names of Wagtail that the wizard overrides still there?"""

import inspect

from wagtail.snippets.action_menu import SnippetActionMenu
from wagtail.snippets.views.snippets import CreateView, EditView, SnippetViewSet


def test_both_views_build_their_buttons_in_get_action_menu():
    """U20, U27"""
    for view in (CreateView, EditView):
        assert "_get_action_menu" in vars(view)
        assert "self._get_action_menu()" in inspect.getsource(view.get_context_data)


def test_the_menu_keeps_its_first_item_apart_from_the_rest():
    """U20, U27"""
    source = inspect.getsource(SnippetActionMenu)
    assert "self.default_item" in source
    assert "self.menu_items" in source


def test_the_view_of_an_old_version_is_built_from_the_edit_view_class():
    """S24"""
    assert "self.edit_view_class" in inspect.getsource(SnippetViewSet.revisions_revert_view_class.fget)
