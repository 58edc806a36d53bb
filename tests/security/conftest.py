"""What do the security tests share? The stage with everybody on it."""

import pytest

from tests.integrations.conftest import h5p_activity, scorm_package  # noqa: F401 - fixtures

from .stage import Stage


@pytest.fixture
def stage(gateway, live_session, scorm_package, h5p_activity, now, settings) -> Stage:  # noqa: F811 - fixtures
    settings.LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 3650
    return Stage(gateway=gateway, session=live_session, scorm=scorm_package(), h5p=h5p_activity(), now=now)
