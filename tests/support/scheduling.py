"""Which worker runs which test."""

from xdist.scheduler import LoadScopeScheduling


class ByParameter(LoadScopeScheduling):
    """Tests of one file with the same parameters share a worker, and what was set up for them."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        _, bracket, parameters = test.partition("[")
        return f"{file}[{parameters}" if bracket else nodeid
