"""Who may open a lesson of wagtail-lms? The name for its setting ``WAGTAIL_LMS_CHECK_LESSON_ACCESS``.

Import nothing from here where wagtail-lms is not installed.
"""

from .lessons import check_lesson_access

__all__ = ["check_lesson_access"]
