"""Epochs and rounds of one case with fake workers: their order, their end, and fits that were disturbed."""

import dataclasses
import itertools

from kmbench.records import RecordKind


def test_rounds_are_interleaved_and_shuffled(new_lab):
    lab = new_lab(epochs=10)
    lab.run()
    fits = [name for name, op in lab.log if op == "fit"]
    rounds = (
        list(itertools.batched(fits, 3))
        if hasattr(itertools, "batched")
        else list(zip(*[iter(fits)] * 3, strict=True))
    )
    assert all(len(set(one)) == 3 for one in rounds)
    assert len(set(rounds)) > 3


def test_short_fits_repeat_in_an_epoch_until_they_have_taken_a_second(new_lab):
    lab = new_lab(epochs=1, rounds=5)
    lab.times = {"numpy-lloyd": 0.1, "sklearn-lloyd": 0.4, "faiss-cpu": 1.5}
    lab.run()
    fits = {name: len(lab.of_kind(RecordKind.FIT, name)) for name in lab.times}
    assert fits == {"numpy-lloyd": 5, "sklearn-lloyd": 3, "faiss-cpu": 1}


def test_the_order_is_the_same_for_the_same_seed_and_is_recorded(new_lab):
    first, second = new_lab(), new_lab()
    first.run()
    second.run()
    assert first.log == second.log
    assert [r.order for r in first.store.records if r.kind is RecordKind.FIT][:6] == [0, 1, 2] * 2


def epochs_of(lab, backend="sklearn-lloyd"):
    return len({record.epoch for record in lab.of_kind(RecordKind.FIT, backend)})


def test_each_epoch_has_a_fresh_process_for_every_backend(lab):
    lab.run()
    assert [entry for entry in lab.log if entry == ("faiss-cpu", "open")] == [("faiss-cpu", "open")] * 5  # and memory
    assert len(lab.workers) == 1 + 3 * 4 + 3


def test_loops_are_found_once_and_kept(lab):
    lab.run()
    assert lab.loops_given == [None] * 3 + [[2, 3]] * 9


def test_a_long_fit_is_measured_once_per_process(lab):
    lab.times["sklearn-lloyd"] = 3.0
    lab.run()
    assert len(lab.of_kind(RecordKind.FIT, "sklearn-lloyd")) == 4
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) == 8


def test_quiet_times_stop_at_the_least_number_of_epochs(new_lab):
    lab = new_lab(least=10, most=30)
    lab.run()
    assert epochs_of(lab) == 10


def test_noisy_times_go_on_to_the_most(new_lab):
    lab = new_lab(least=10, most=14)
    lab.noise = lambda name, number: 3.0 if (number + len(name)) % 3 == 0 else 1.0
    lab.run()
    assert epochs_of(lab) == 14


def test_a_spent_budget_ends_the_case_after_the_epoch_under_way(new_lab):
    lab = new_lab(least=10, most=30, budget_seconds=5.0)
    lab.run()
    assert epochs_of(lab) == 3  # an epoch takes 1.8 s


def test_a_disturbed_round_is_kept_and_measured_again_for_all(lab):
    lab.delayed = lambda name, number: name == "faiss-cpu" and number == 3
    lab.run()
    fits = lab.of_kind(RecordKind.FIT, "faiss-cpu")
    assert [record.contaminated for record in fits].count(True) == 1
    assert len(fits) == 9
    assert len(lab.of_kind(RecordKind.FIT, "numpy-lloyd")) == 9


def test_a_host_that_is_always_busy_is_not_measured_for_ever(lab):
    lab.delayed = lambda name, number: number > 1
    lab.run()
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) < 12


def test_a_backend_that_waits_for_its_own_threads_is_not_disturbed(lab):
    lab.delayed = lambda name, number: name == "faiss-cpu"
    lab.run()
    assert not any(record.contaminated for record in lab.of_kind(RecordKind.FIT, "faiss-cpu"))
    assert len(lab.of_kind(RecordKind.FIT, "faiss-cpu")) == 8


def test_a_fit_on_cold_memory_is_kept_and_measured_again(lab):
    lab.system = lambda name, number: 0.05 if (name, number) == ("faiss-cpu", 3) else 0.001
    lab.run()
    fits = lab.of_kind(RecordKind.FIT, "faiss-cpu")
    assert [record.disturbed_by for record in fits].count("cold memory") == 1
    assert sum(record.contaminated for record in fits) == 1
    assert len(fits) == 9


def test_time_in_the_kernel_without_page_faults_is_no_cold_memory(lab):
    lab.system = lambda name, number: 0.05 if (name, number) == ("faiss-cpu", 3) else 0.001
    lab.page_faults = 2
    lab.run()
    assert not any(record.contaminated for record in lab.of_kind(RecordKind.FIT, "faiss-cpu"))


def test_time_in_the_kernel_that_a_backend_always_takes_is_its_own(lab):
    lab.system = lambda name, number: 0.1 if name == "faiss-cpu" else 0.001
    lab.run()
    assert not any(record.contaminated for record in lab.of_kind(RecordKind.FIT, "faiss-cpu"))


def test_where_memory_is_left_cold_no_fit_is_measured_again_for_it(new_lab):
    lab = new_lab(pages=None)
    lab.system = lambda name, number: 0.05 if number == 3 else 0.001
    lab.run()
    assert not any(record.contaminated for record in lab.of_kind(RecordKind.FIT, "faiss-cpu"))


class FakeProbe:
    """Says how far apart the cores are, and where the two states part."""

    def __init__(self, ratios, boundary=1.1):
        self.ratios, self.parted_at, self.asked = iter(ratios), boundary, []

    def ratio(self, threads, cores):
        self.asked.append((threads, cores))
        return next(self.ratios)

    def boundary(self, threads, cores):
        return self.parted_at


def with_probe(lab, probe):
    lab.context = dataclasses.replace(lab.context, core_probe=probe)
    lab.run()
    return [record for record in lab.store.records if record.kind is RecordKind.FIT]


def test_fits_lie_between_the_probes_of_their_round(new_lab):
    fits = with_probe(new_lab(epochs=1, rounds=1), FakeProbe([0.90, 0.91]))
    probes = [(record.cross_core_ratio, record.cross_core_ratio_after) for record in fits]
    assert probes == [(0.90, 0.91)] * 3


def test_a_long_fit_has_a_probe_before_and_after_it(new_lab):
    lab = new_lab(epochs=1, rounds=1)
    lab.times = dict.fromkeys(lab.times, 2.0)
    fits = with_probe(lab, FakeProbe([0.90, 0.91, 0.92, 0.93, 0.94]))
    probes = [(record.cross_core_ratio, record.cross_core_ratio_after) for record in fits]
    assert probes == [(0.90, 0.91), (0.91, 0.92), (0.92, 0.93)]


def test_a_fit_during_which_the_cores_moved_is_kept_and_measured_again(new_lab):
    lab = new_lab(epochs=1, rounds=1)
    lab.times = dict.fromkeys(lab.times, 2.0)
    fits = with_probe(lab, FakeProbe([0.9, 0.9, 1.3, 1.3] + [1.3] * 6))
    assert [record.disturbed_by for record in fits] == [None, "cores moved", None] + [None] * 3


def test_cores_that_stay_apart_disturb_nothing(new_lab):
    fits = with_probe(new_lab(epochs=1, rounds=1), FakeProbe([1.3] * 2))
    assert not any(record.contaminated for record in fits)
