"""The study file and its expansion."""

import pytest

from kmbench.backends.registry import backend_names
from kmbench.errors import CaseError, KmbenchError, StudyError
from kmbench.records import DatasetInfo, Status
from kmbench.study import Study, expand


def shape(spec, workload=None, n=1000, d=8):
    return DatasetInfo(
        spec=spec, n=n, d=d, source_dtype="float32", fingerprint="f", path="p", mean_square=1.0, spread=1.0
    )


def study(**values):
    return Study.build({"data": ["digits"], "k": [10], "backends": "numpy-lloyd"} | values, "test")


def test_a_study_comes_back_from_its_own_toml(tmp_path):
    before = study(
        memory_limit="1.5G", threads=[1, 2], cases=[{"data": ['a"b'], "k": [3]}, {"iterations": 4}], name="x.y"
    )
    file = tmp_path / "x.toml"
    file.write_text(before.to_toml())
    assert Study.from_file(file) == before
    assert before.memory_limit == int(1.5 * 2**30)


def test_the_keys_of_the_command_line_work_in_the_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('data = "digits"\nk = 10\nmemory-limit = "2G"\nbackends = ["numpy-lloyd", "sklearn-lloyd"]\n')
    read = Study.from_file(file)
    assert (read.name, read.data, read.k, read.memory_limit) == ("mine", ["digits"], [10], 2**31)
    assert read.backends == "numpy-lloyd,sklearn-lloyd"


def test_blocks_take_what_they_lack_from_the_study_and_options_replace_both():
    two = study(k=[5], cases=[{"data": ["a"]}, {"data": ["b"], "k": [7]}])
    assert [(b.data, b.k) for b in two.blocks()] == [(["a"], [5]), (["b"], [7])]
    assert [b.k for b in two.overridden({"k": [3]}).blocks()] == [[3], [3]]
    one = two.overridden({"k": [3], "data": ["c"]})
    assert [b.data for b in one.blocks()] == [["c"]]


def test_iterations_default_to_ten_when_matched_and_to_the_library_when_native():
    assert study().blocks()[0].iterations == 10
    assert study(protocol="native").blocks()[0].iterations is None


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"k": [0]}, r"k\.1 = 0: input should be greater than or equal to 1"),
        ({"k": []}, "k = "),
        ({"k": True}, "k = True: write a number"),
        ({"backends": [1, 2]}, r"backends = \[1, 2\]"),
        ({"backends": ""}, "backends = '': name at least one"),
        ({"workload": []}, r"workload = \[\]: name at least one"),
        ({"k": None}, "the number of clusters is missing"),
        ({"data": None}, "names no data"),
        ({"repeats": 0}, "repeats = 0"),
        ({"protocol": "fair"}, "protocol = 'fair'"),
        ({"timeout": -1}, "timeout = -1"),
        ({"memory_limit": "much"}, "write a size such as 800M"),
        ({"memroy": 1}, "unknown key 'memroy'"),
        ({"name": "../x"}, "name = "),
        ({"data": ["caf\udce9.npy"]}, r"'.*caf\\udce9' is not UTF-8: rename the file"),
        ({"baseline": "\udce9"}, "is not UTF-8"),
        ({"cases": [{"k": [1], "colour": 1}]}, r"unknown key 'cases\.1\.colour'"),
    ],
)
def test_what_a_study_cannot_be_is_named_in_one_line(values, complaint):
    with pytest.raises(StudyError, match=complaint) as caught:
        study(**values)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("content", "complaint"), [(b"data = [", "not valid TOML"), (b"\xff\xfe", "cannot be read")])
def test_a_file_that_is_no_study_is_named(tmp_path, content, complaint):
    file = tmp_path / "bad.toml"
    file.write_bytes(content)
    with pytest.raises(StudyError, match=f"bad.toml .*{complaint}"):
        Study.from_file(file)
    with pytest.raises(StudyError, match="missing.toml does not exist"):
        Study.from_file(tmp_path / "missing.toml")


def test_cases_are_the_product_of_data_k_and_threads():
    cases = expand(study(data=["a", "b"], k=[2, 3], threads=[1, 2], backends="numpy-lloyd,sklearn-lloyd"), shape, 1)
    assert len(cases) == 8
    assert all(len(case.cells) == 2 for case in cases)
    assert len({case.key.case_id for case in cases}) == 8
    assert len({cell.key.cell_id for case in cases for cell in case.cells}) == 16
    assert len({cell.key.case_id for cell in cases[0].cells}) == 1


def test_the_seed_and_the_data_are_part_of_a_cells_identity():
    first = expand(study(), shape, 1)[0].key
    assert expand(study(seed=1), shape, 1)[0].key.cell_id != first.cell_id
    assert expand(study(), lambda spec, workload: shape(spec, n=999), 1)[0].key.cell_id != first.cell_id
    assert expand(study(), shape, 1)[0].key.cell_id == first.cell_id


def test_more_clusters_than_rows_names_both():
    with pytest.raises(CaseError, match="k=1001 is larger than the 1000 rows of digits; choose k <= 1000"):
        expand(study(k=[1001]), shape, 1)


def test_a_backend_that_cannot_do_the_case_is_a_skipped_cell_with_the_reason():
    cells = expand(study(backends="numpy-lloyd,sklearn-minibatch"), shape, 1)[0].cells
    assert cells[0].status is None
    assert cells[1].status is Status.SKIPPED
    assert "native" in cells[1].reason


def test_a_start_that_is_not_there_is_found_before_anything_is_measured():
    backends = "numpy-lloyd,numpy-lloyd[init=array[file=/missing.npy]]"
    cells = expand(study(backends=backends, protocol="native"), shape, 1)[0].cells
    assert cells[0].status is None
    assert cells[1].status is Status.SKIPPED
    assert "/missing.npy cannot be read" in cells[1].reason


def test_a_grid_in_which_nothing_can_run_is_refused():
    with pytest.raises(StudyError, match="no cell that can run.*nprobe=9"):
        expand(study(backends="faiss-ivf[nlist=3;nprobe=9]"), shape, 1)


def test_a_baseline_must_take_part():
    with pytest.raises(StudyError, match="baseline 'faiss-cpu' is not among"):
        expand(study(baseline="faiss-cpu"), shape, 1)
    expand(study(backends="faiss-ivf[nlist=2],faiss-cpu", baseline="faiss-ivf[nlist=2]"), shape, 1)


def test_a_case_that_stands_twice_is_refused():
    with pytest.raises(StudyError, match="twice"):
        expand(study(k=[3, 3]), shape, 1)


def test_the_built_in_study_is_whole():
    quick = Study.builtin("quick")
    assert next(block.data for block in quick.blocks()) == ["digits"]
    with pytest.raises(KmbenchError):
        quick.overridden({"k": [0]})


@pytest.mark.parametrize(("protocol", "runs"), [("matched", False), ("target", True), ("native", True)])
def test_an_engine_that_takes_no_start_takes_part_where_none_is_given(protocol, runs):
    pytest.importorskip("fastkmeans")
    (case, *_) = expand(study(backends="fastkmeans,numpy-lloyd", protocol=protocol), shape, 1)
    own = next(cell for cell in case.cells if cell.key.backend == "fastkmeans")
    assert (own.status is None) is runs
    assert runs or (own.status is Status.SKIPPED and "cannot start from given centroids" in own.reason)


def test_iterations_given_twice_are_refused_before_anything_runs():
    with pytest.raises(StudyError, match="niter is given, but the study also sets 7 iterations"):
        expand(study(backends="faiss-cpu[niter=3]", protocol="native", iterations=7), shape, 1)


def test_all_backends_are_rows_also_those_that_cannot_run():
    (case,) = expand(study(backends="all", protocol="native"), shape, 1)
    assert [cell.key.backend for cell in case.cells] == backend_names()
    assert all(cell.reason for cell in case.cells if cell.status is Status.UNAVAILABLE)
