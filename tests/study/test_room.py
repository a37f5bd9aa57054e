"""What memory and the cluster decide before anything is measured."""

import pytest

from kmbench.errors import StudyError
from kmbench.records import DatasetInfo, Status
from kmbench.study import Study, expand


def cells(backends, n=4_000_000, d=64, threads=2, **values):
    study = Study.build({"data": ["digits"], "k": [64], "backends": backends, "threads": [threads]} | values, "test")
    info = DatasetInfo(
        spec="digits", n=n, d=d, source_dtype="float32", fingerprint="f", path="p", mean_square=1.0, spread=1.0
    )
    (case,) = expand(study, lambda spec, workload: info, 2)
    return {cell.key.label: cell for cell in case.cells}


def test_what_does_not_fit_is_skipped_in_the_plan_or_read_from_its_file():
    found = cells("numpy-lloyd,sklearn-lloyd", memory_limit="256M")  # X has 977 MiB
    assert found["numpy-lloyd"].status is None
    assert found["numpy-lloyd"].takes == "shards"
    skipped = found["sklearn-lloyd"]
    assert skipped.status is Status.SKIPPED
    assert "1.97 GiB" in skipped.reason
    assert "256 MiB" in skipped.reason


def test_with_room_x_is_held_unless_the_file_is_asked_for():
    found = cells("numpy-lloyd[read=auto,pass,memory],sklearn-lloyd", memory_limit="4G")
    assert [cell.takes for cell in found.values()] == ["array", "shards", "array", "array"]
    assert {cell.status for cell in found.values()} == {None}


def test_memory_that_is_asked_for_and_not_there_is_skipped():
    found = cells("numpy-lloyd[read=memory],numpy-lloyd[read=pass]", memory_limit="256M")
    assert found["numpy-lloyd[read=memory]"].status is Status.SKIPPED
    assert found["numpy-lloyd[read=pass]"].status is None


def test_cells_know_their_cluster_without_its_address(tmp_path):
    found = cells("numpy-lloyd", cluster="local:2")
    assert found["numpy-lloyd"].key.cluster == "local:2"
    study = Study.build({"data": "digits", "k": 3, "cluster": "tcp://secret.example:8786"}, "test")
    assert "secret" not in study.recorded().to_toml()
    file = tmp_path / "study.toml"
    file.write_text(study.recorded().to_toml())
    with pytest.raises(StudyError, match="does not say where its cluster is"):
        Study.from_file(file).cluster_asked()


@pytest.mark.parametrize("wrong", ["local:0", "tcp://nowhere", "here"])
def test_a_cluster_that_is_none_is_one_line(wrong):
    with pytest.raises(StudyError, match="cluster"):
        Study.build({"data": "digits", "k": 3, "cluster": wrong}, "test")
