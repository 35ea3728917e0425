"""What the tests of the reports share: hypothesis without clocks and without files."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no fault of the code under test, and a checkout stays free of databases.
settings.register_profile("reports", deadline=None, database=None)
settings.load_profile("reports")
