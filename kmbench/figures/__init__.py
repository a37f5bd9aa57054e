"""How figures and pages look: shared by the page of a run, the tuner, choosing k and the history."""
