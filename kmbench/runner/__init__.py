"""Run a study: schedule, worker processes, supervision, gates and the store."""
