"""Distributes the tests to the workers."""

from xdist.scheduler import LoadScopeScheduling


class ByParameter(LoadScopeScheduling):
    """Runs the tests of one file with the same parameters in one worker, which shares fixtures."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        _, bracket, parameters = test.partition("[")
        return f"{file}[{parameters}" if bracket else nodeid
