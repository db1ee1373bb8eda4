"""What several checks of the chart share."""

import pytest

from tests.chart.mounted_files import MadeUpSecrets


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> MadeUpSecrets:
    """Make certificates once: each takes `openssl` a moment."""
    return MadeUpSecrets.make(tmp_path_factory.mktemp("certificates"))
