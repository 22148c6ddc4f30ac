"""Options and fixtures of all tests but the unit tests, which have their own besides."""

import pytest
from support.services import Renderings, shared_folder

pytest.register_assert_rewrite(
    "support.exercise", "support.payloads", "support.parsing", "support.versions"
)

collect_ignore = ["rendering/golden"]


def pytest_addoption(parser):
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="Store what the template renders now as the golden service and its diffs.",
    )
    parser.addoption(
        "--variant",
        action="append",
        default=[],
        metavar="ID",
        help="Prove this variant of `trellis matrix`, not the eight core ones. Repeatable.",
    )


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder that all workers of this run share."""
    return shared_folder(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def rendered(shared):
    """Renders the default answers with layers of others over them: rendered(BLOG, {"api": …})."""
    folder = shared / "rendered"
    folder.mkdir(exist_ok=True)
    return Renderings(folder)


def pytest_xdist_make_scheduler(config, log):
    from support.scheduling import ByParameter

    return ByParameter(config, log)
