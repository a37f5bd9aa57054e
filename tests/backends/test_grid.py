"""The list of backends with its grids, as a user writes it."""

import pytest

from kmbench.backends.grid import expand_backends, split_list
from kmbench.errors import BackendError


def test_a_plain_list_keeps_its_order():
    assert [c.name for c in expand_backends(" sklearn-lloyd , numpy-lloyd,")] == ["sklearn-lloyd", "numpy-lloyd"]


def test_a_grid_is_the_product_of_its_axes():
    choices = expand_backends("faiss-ivf[nlist=16,64;nprobe=1,4],faiss-cpu")
    assert [c.given for c in choices[:4]] == [
        {"nlist": 16, "nprobe": 1},
        {"nlist": 16, "nprobe": 4},
        {"nlist": 64, "nprobe": 1},
        {"nlist": 64, "nprobe": 4},
    ]
    assert choices[4].given == {}
    assert choices[0].params.nlist == 16


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is empty"),
        ("faiss_cpu", "did you mean faiss-cpu"),
        ("nonsense", "known: .*numpy-lloyd"),
        ("faiss-ivf[nlist=16", "brackets do not match"),
        ("faiss-ivf]nlist=16[", "brackets do not match"),
        ("faiss-ivf[nlist=]", "'nlist'.*has no value"),
        ("faiss-ivf[nlist]", "'nlist'.*has no value"),
        ("faiss-ivf[nlst=4]", "no parameter 'nlst'; did you mean nlist"),
        ("faiss-ivf[nlist=0]", "nlist=0 is not allowed.*greater than or equal to 1"),
        ("faiss-ivf[nlist=many]", "nlist='many' is not allowed"),
        ("faiss-ivf[nlist=1;nlist=2]", "is given twice"),
        ("faiss-cpu,faiss-cpu", "is listed twice"),
        ("faiss-ivf[nlist=1]x", "cannot read backend"),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(text, complaint):
    with pytest.raises(BackendError, match=complaint) as caught:
        expand_backends(text)
    assert "\n" not in str(caught.value)


def test_commas_inside_brackets_do_not_split():
    assert split_list("a[x=1,2],b") == ["a[x=1,2]", "b"]


def test_a_value_may_have_a_parameter_of_its_own():
    choices = expand_backends("faiss-cpu[init=random,sample[fraction=0.2];nredo=1],numpy-lloyd[init=k-means++]")
    assert [c.given for c in choices] == [
        {"init": "random", "nredo": 1},
        {"init": "sample[fraction=0.2]", "nredo": 1},
        {"init": "k-means++"},
    ]


@pytest.mark.parametrize(
    ("init", "complaint"),
    [
        ("sampel", "use random"),
        ("sample[fraction=0]", "above 0"),
        ("sample[fraction=many]", "above 0"),
        ("sample[rows=5]", "sample has no parameter rows"),
        ("array", "name the file"),
        ("random[fraction=0.5]", "random has no parameter fraction"),
        ("sample[fraction=[1]]", "brackets do not match"),
    ],
)
def test_starts_that_do_not_exist(init, complaint):
    with pytest.raises(BackendError, match=complaint):
        expand_backends(f"faiss-cpu[init={init}]")
