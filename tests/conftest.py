"""What every test may ask for: the database server and the browser. Areas add their own fixtures beside their tests."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.support.postgres", "tests.support.browser"]

# No deadlines: a busy machine must not turn a correct property into a failure.
_UNTIMED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("default", max_examples=50, **_UNTIMED)
settings.register_profile("thorough", max_examples=1_000, **_UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
