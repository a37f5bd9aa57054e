"""A backend and a workload that were written against the former names of the contract."""

from kmbench.errors import DataError, KmbenchError

from . import Sound
from .tasks import Sizes


class FormerBackend(Sound):
    name = "former-backend"

    @classmethod
    def cannot(cls, k, n, d, protocol, params):
        return "it does not count to seven" if k == 7 else super().cannot(k, n, d, protocol, params)


class FormerWorkload(Sizes):
    name = "former-workload"

    def rows(self, spec):
        try:
            return super().rows(spec)
        except KmbenchError as error:
            raise DataError(error.what, mend=f"{error.mend}, says the plug-in") from None
