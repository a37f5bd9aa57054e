"""Changes that a history shows, measured again on both sides."""

from kmbench.confirming.cells import keys_of
from kmbench.confirming.confirm import confirm_history
from kmbench.confirming.sides import Sides
from kmbench.confirming.suspects import Suspect, suspects_of

__all__ = ["Sides", "Suspect", "confirm_history", "keys_of", "suspects_of"]
