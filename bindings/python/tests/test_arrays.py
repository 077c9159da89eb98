"""Samples are read where they are, whatever they come as."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import gmm
from gmm import _arrays, _arrow

pytestmark = pytest.mark.filterwarnings("ignore:X has feature names")


@pytest.fixture
def mixture() -> gmm.Mixture:
    rng = np.random.default_rng(3)
    factors = rng.normal(size=(3, 4, 4))
    covariances = factors @ factors.swapaxes(1, 2) + np.eye(4)
    return gmm.Mixture([0.2, 0.3, 0.5], rng.normal(size=(3, 4)), covariances)


def density(mixture: gmm.Mixture, z: Any) -> Any:
    """The definition, in plain NumPy."""
    total = np.zeros(len(z))
    for weight, mean, covariance in zip(
        mixture.weights, mixture.means, mixture.covariances, strict=True
    ):
        delta = z - mean
        squares = np.einsum("ni,ij,nj->n", delta, np.linalg.inv(covariance), delta)
        total += weight * np.exp(-squares / 2) / np.sqrt(np.linalg.det(2 * np.pi * covariance))
    return -np.log(total)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_strides_change_no_bit(mixture: gmm.Mixture, dtype: Any) -> None:
    z = np.random.default_rng(5).normal(size=(60, 4)).astype(dtype)
    energies = mixture.energies(z)
    assert np.allclose(energies, density(mixture, z), rtol=1e-6 if dtype is np.float32 else 1e-13)
    wide = np.zeros((120, 9), dtype)
    wide[::2, 1::2] = z
    padded = np.zeros(60, dtype=[("tag", dtype), ("z", dtype, 4)])
    padded["z"] = z
    for same in (
        np.asfortranarray(z),
        wide[::2, 1::2],
        z[::-1][::-1],
        np.ascontiguousarray(z[::-1])[::-1],
        np.ascontiguousarray(z[:, ::-1])[:, ::-1],
        padded["z"],
        z.astype(z.dtype.newbyteorder()),
    ):
        assert np.array_equal(mixture.energies(same), energies)
    assert np.array_equal(
        mixture.energies(np.broadcast_to(z[0], (9, 4))), np.repeat(energies[:1], 9)
    )
    assert np.array_equal(mixture.energies(z[::-1]), energies[::-1])


def test_unaligned_samples_are_copied(mixture: gmm.Mixture) -> None:
    z = np.random.default_rng(6).normal(size=(20, 4))
    raw = bytearray(z.nbytes + 3)
    raw[3:] = z.tobytes()
    shifted = np.frombuffer(raw, np.float64, 80, offset=3).reshape(20, 4)
    assert not shifted.flags.aligned
    assert np.array_equal(mixture.energies(shifted), mixture.energies(z))


@pytest.mark.parametrize("layout", ["rows", "columns", "every second", "backwards"])
def test_numpy_samples_are_not_copied(layout: str) -> None:
    z = np.zeros((200_000, 8), order="F" if layout == "columns" else "C")
    z = {"every second": z[::2, ::2], "backwards": z[::-1]}.get(layout, z)
    mixture = gmm.Mixture([1.0], np.zeros((1, z.shape[1])), [1.0], covariance_type="spherical")
    mixture.energies(z[:10])
    tracemalloc.start()
    mixture.energies(z)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The energies, and less than a tenth of the samples.
    assert peak < 8 * len(z) + z.nbytes // 10
    assert _arrays.as_real(z, 2, "samples") is z


def test_integers_and_lists_become_doubles(mixture: gmm.Mixture) -> None:
    rows = [[0, 1, 2, 3], [4, 5, 6, 7]]
    expected = mixture.energies(np.array(rows, dtype=float))
    for same in (
        rows,
        np.array(rows),
        np.array(rows, dtype=np.int8),
        np.array(rows, dtype=np.float16),
    ):
        assert np.array_equal(mixture.energies(same), expected)


def only(of: Any, *names: str) -> Any:
    """Offers nothing of an object but these protocols."""
    members = {name: (lambda self, *a, _n=name, **k: getattr(of, _n)(*a, **k)) for name in names}
    return type("Only", (), members)()


def test_tensors_are_read_through_dlpack(mixture: gmm.Mixture) -> None:
    z = np.random.default_rng(8).normal(size=(50, 4))
    tensor = only(z, "__dlpack__", "__dlpack_device__")
    assert np.array_equal(mixture.energies(tensor), mixture.energies(z))
    assert np.shares_memory(_arrays.as_array(tensor), z)


def test_buffers_are_read(mixture: gmm.Mixture) -> None:
    z = np.random.default_rng(9).normal(size=(50, 4))
    assert np.shares_memory(_arrays.as_array(memoryview(z)), z)
    assert np.array_equal(mixture.energies(memoryview(z)), mixture.energies(z))


FRAMES = ["pandas", "polars", "pyarrow"]


def frame(kind: str, columns: dict[str, Any]) -> Any:
    module = pytest.importorskip(kind)
    return module.table(columns) if kind == "pyarrow" else module.DataFrame(columns)


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tables_are_read(mixture: gmm.Mixture, kind: str, dtype: Any) -> None:
    z = np.random.default_rng(10).normal(size=(50, 4)).astype(dtype)
    table = frame(kind, {f"x{at}": z[:, at].copy() for at in range(4)})
    energies = mixture.energies(table)
    assert energies.dtype == dtype
    assert np.array_equal(energies, mixture.energies(z))


@pytest.mark.parametrize("kind", FRAMES)
def test_tables_are_read_through_arrow_without_pyarrow(kind: str) -> None:
    z = np.random.default_rng(11).normal(size=(50, 4))
    table = frame(kind, {f"x{at}": z[:, at].copy() for at in range(4)})
    if kind == "pandas":
        pytest.importorskip("pyarrow")
    capsules = only(table, "__arrow_c_stream__")
    assert np.array_equal(_arrays.as_array(capsules), z)
    assert np.array_equal(_arrays.as_array(capsules), z)


def test_chunks_slices_nulls_and_types_of_arrow() -> None:
    pa = pytest.importorskip("pyarrow")
    first = pa.table({"a": [1.0, None, 3.0], "b": pa.array([1, 2, 3], pa.int16())})
    second = pa.table({"a": [4.0, 5.0], "b": pa.array([4, None], pa.int16())})
    whole = pa.concat_tables([first, second]).slice(1)
    nan = np.nan
    expected = np.array([[nan, 2], [3, 3], [4, 4], [5, nan]])
    assert np.array_equal(_arrow.read(only(whole, "__arrow_c_stream__")), expected, equal_nan=True)
    batch = first.to_batches()[0].slice(1)
    got = _arrow.read(only(batch, "__arrow_c_array__"))
    assert np.array_equal(got, expected[:2], equal_nan=True)
    floats = pa.table({"a": pa.array([1.0, None], pa.float32())})
    assert _arrow.read(only(floats, "__arrow_c_stream__")).dtype == np.float32
    empty = pa.table({"a": pa.array([], pa.float64())})
    assert _arrow.read(only(empty, "__arrow_c_stream__")).shape == (0, 1)
    with pytest.raises(
        TypeError, match=r"column 'a' has the Arrow type 'u' \(strings\); pass columns of numbers"
    ):
        _arrow.read(only(pa.table({"a": ["x"]}), "__arrow_c_stream__"))


def readers(mixture: gmm.Mixture) -> dict[str, Any]:
    """Everything public that takes samples, as functions of samples."""
    d = mixture.n_features
    estimator = gmm.GaussianMixture.from_mixture(mixture)
    detector = gmm.OutlierDetector(mixture=mixture).fit(mixture.sample(20)[0])
    alibi = gmm.alibi.OutlierDetector(detector=detector)
    shares = np.ones((3, 1))
    known = np.ones(1), np.zeros((1, d)), np.eye(d)[None], np.eye(d)[None], np.zeros(1)
    return {
        "Mixture.energies": mixture.energies,
        "Mixture.score": lambda X: mixture.score(X, "energies")["energies"],
        "Mixture.attribution": mixture.attribution,
        "Mixture.criteria": lambda X: mixture.criteria(X).bic,
        "GaussianMixture.fit": lambda X: gmm.GaussianMixture(1).fit(X).means_,
        "GaussianMixture.partial_fit": lambda X: gmm.GaussianMixture(1).partial_fit(X).means_,
        "GaussianMixture.fit_predict": lambda X: gmm.GaussianMixture(1).fit_predict(X),
        "GaussianMixture.score_samples": estimator.score_samples,
        "GaussianMixture.bic": estimator.bic,
        "OutlierDetector.fit": lambda X: gmm.OutlierDetector(mixture=mixture).fit(X).threshold_,
        "OutlierDetector.decision_function": detector.decision_function,
        "OutlierDetector.attribution": detector.attribution,
        "alibi.OutlierDetector.score": alibi.score,
        "params": lambda X: gmm.params(X, shares)[1],
        "energy": lambda X: gmm.energy(X, *known)[0],
        "loss": lambda X: gmm.loss(X, shares).loss,
    }


TWO = gmm.Mixture([0.5, 0.5], [[0.0, 0.0], [20.0, 2.0]], [np.eye(2)] * 2)
READERS = readers(TWO)


def arrow_table(**columns: Any) -> Any:
    """A table that offers Arrow's capsules and a length, as DuckDB's relations do."""
    table = pytest.importorskip("pyarrow").table(columns)

    class Table:
        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return table.__arrow_c_stream__(requested_schema)

        def __len__(self) -> int:
            return int(table.num_rows)

    return Table()


@pytest.mark.parametrize("reader", READERS)
def test_everything_that_takes_samples_decodes_dictionaries(reader: str) -> None:
    pa = pytest.importorskip("pyarrow")
    prices = pa.array([10.0, 20.0, 20.0])
    codes = arrow_table(price=prices.dictionary_encode(), size=pa.array([1, 2, 4]).cast("int8"))
    expected = READERS[reader](np.array([[10.0, 1.0], [20.0, 2.0], [20.0, 4.0]]))
    assert np.array_equal(READERS[reader](codes), expected)


def refused() -> dict[str, tuple[Any, str]]:
    """Samples that hold no real numbers, and what a refusal of them names."""
    sparse = pytest.importorskip("scipy.sparse")
    dates = np.array([["2020", "2021"], ["2022", "2023"]], dtype="M8[Y]")
    structured = np.array([(1.0, 2.0)], dtype=[("a", "f8"), ("b", "f8")])
    masked = np.ma.masked_values([[1.0, 2.0], [3.0, -9.0]], -9.0)
    return {
        "sparse": (sparse.csr_matrix(np.eye(2)), "[Ss]parse"),
        "complex": (np.ones((2, 2), complex), "(?i)complex"),
        "objects that are complex": (np.array([[1j, 2.0]], object), "complex"),
        "complex objects of NumPy": (np.array([[np.complex128(1), 2.0]], object), "(?i)complex"),
        "text": (np.array([["a", "b"]]), "<U1|could not convert string to float"),
        "text objects": (np.array([["a", 1.0]], object), "could not convert string to float: 'a'"),
        "dates": (dates, "datetime64"),
        "durations": (dates - dates[0], "timedelta64"),
        "records": (structured, "'a'"),
        "masked": (masked, "masked at row 1, column 1"),
        "rows that are masked": ([masked[0], masked[1]], "masked at row 1, column 1"),
        "a dict": ({"a": [1.0]}, "dict"),
        "None in objects": (np.array([[1.0, None], [2.0, 3.0]], object), "NaN"),
    }


@pytest.mark.parametrize("reader", READERS)
def test_what_holds_no_numbers_is_refused_by_name(reader: str) -> None:
    for name, (samples, message) in refused().items():
        with pytest.raises((TypeError, ValueError), match=message):
            READERS[reader](samples)
            pytest.fail(f"{name} was read")


def refused_columns() -> dict[str, tuple[Any, str]]:
    """Arrow columns that do not hold numbers, and the names of their types in messages."""
    pa = pytest.importorskip("pyarrow")
    import datetime
    import decimal

    day = datetime.date(2020, 1, 1)
    return {
        "strings": (pa.array(["a", "b"]), "u"),
        "strings behind a dictionary": (pa.array(["a", "b"]).dictionary_encode(), "u"),
        "decimals": (pa.array([decimal.Decimal("1.5")] * 2), "d:2,1"),
        "dates": (pa.array([day] * 2), "tdD"),
        "timestamps": (pa.array([datetime.datetime(2020, 1, 1)] * 2), "tsu:"),
        "durations": (pa.array([datetime.timedelta(1)] * 2), "tDu"),
        "times": (pa.array([datetime.time(1)] * 2), "ttu"),
        "binary": (pa.array([b"a", b"b"]), "z"),
        "lists": (pa.array([[1.0], [2.0]]), r"\+l"),
        "lists of fixed size": (pa.array([[1.0], [2.0]], pa.list_(pa.float64(), 1)), r"\+w:1"),
        "structs": (pa.array([{"x": 1.0}] * 2), r"\+s"),
        "maps": (pa.array([[("a", 1.0)]] * 2, pa.map_(pa.string(), pa.float64())), r"\+m"),
    }


def test_columns_of_other_types_are_refused_by_their_name() -> None:
    pa = pytest.importorskip("pyarrow")
    for column, kind in refused_columns().values():
        for read in (TWO.energies, gmm.GaussianMixture(1).fit, gmm.OutlierDetector().fit):
            with pytest.raises(TypeError, match=rf"column 'city' has the Arrow type '{kind}'"):
                read(arrow_table(size=[1.0, 2.0], city=column))

    class Month(pa.ExtensionType):  # type: ignore[misc]  # pyarrow has no types.
        def __init__(self) -> None:
            super().__init__(pa.int64(), "test.month")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

    months = pa.ExtensionArray.from_storage(Month(), pa.array([600, 601]))
    with pytest.raises(TypeError, match=r"column 'city' has the extension type 'test\.month'"):
        TWO.energies(arrow_table(size=[1.0, 2.0], city=months))


def test_bits_halves_and_nulls_of_arrow_are_what_they_say() -> None:
    pa = pytest.importorskip("pyarrow")
    nan = np.nan
    bits = pa.array([True, False, None, True] * 5)
    table = pa.table({"bits": bits, "halves": pa.array(np.arange(20, dtype=np.float16))})
    for start in range(12):
        got = _arrow.read(only(table.slice(start, 7), "__arrow_c_stream__"))
        expected = np.array([[1.0, 0.0, nan, 1.0][row % 4] for row in range(start, start + 7)])
        assert np.array_equal(got[:, 0], expected, equal_nan=True)
        assert np.array_equal(got[:, 1], np.arange(start, start + 7))
    # Codes and words of a dictionary may be null, and every chunk may have a dictionary of its own.
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, None, 2]), pa.array([5.0, None, 7.0]))
    other = pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.uint8()), pa.array([8, 9]))
    got = _arrow.read(only(pa.table({"a": words.slice(1)}), "__arrow_c_stream__"))
    assert np.array_equal(got[:, 0], [nan, nan, 7.0], equal_nan=True)
    got = _arrow.read(only(pa.table({"a": other}), "__arrow_c_stream__"))
    assert got[:, 0].tolist() == [9.0, 8.0]
    chunks = pa.chunked_array(
        [pa.array([3.0, 4.0]).dictionary_encode(), pa.array([9.0, 3.0]).dictionary_encode()]
    )
    got = _arrow.read(only(pa.table({"a": chunks}), "__arrow_c_stream__"))
    assert got[:, 0].tolist() == [3.0, 4.0, 9.0, 3.0]
    assert np.isnan(_arrow.read(only(pa.table({"a": pa.nulls(2)}), "__arrow_c_stream__"))).all()


def test_a_null_row_of_a_struct_has_no_numbers() -> None:
    pa = pytest.importorskip("pyarrow")
    columns = [pa.array([1.0, 2.0, 3.0]), pa.array([4, 5, 6])]
    rows = pa.StructArray.from_arrays(columns, ["x", "y"], mask=pa.array([False, True, False]))
    got = _arrow.read(only(rows, "__arrow_c_array__"))
    nan = np.nan
    assert np.array_equal(got, [[1.0, 4.0], [nan, nan], [3.0, 6.0]], equal_nan=True)
    got = _arrow.read(only(rows.slice(1), "__arrow_c_array__"))
    assert np.array_equal(got, [[nan, nan], [3.0, 6.0]], equal_nan=True)
    with pytest.raises(gmm.NotFinite, match="NaN at row 1, column 0"):
        TWO.energies(only(rows, "__arrow_c_array__"))


def test_a_column_of_arrow_is_read_where_one_is_wanted() -> None:
    pa = pytest.importorskip("pyarrow")
    weights = only(pa.chunked_array([[1.0, 2.0], [3.0]]), "__arrow_c_stream__")
    X = np.array([[1.0, 2.0], [0.0, 2.0], [5.0, 1.0]])
    expected = TWO.criteria(X, [1.0, 2.0, 3.0])
    assert TWO.criteria(X, weights) == expected
    fitted = gmm.GaussianMixture(1).fit(X, sample_weight=weights)
    assert np.array_equal(fitted.means_, gmm.GaussianMixture(1).fit(X, None, [1, 2, 3]).means_)
    with pytest.raises(TypeError, match="sample weights have the Arrow type 'u'"):
        TWO.criteria(X, only(pa.array(["a", "b", "c"]), "__arrow_c_array__"))
    with pytest.raises(ValueError, match="sample weights are masked at row 1"):
        TWO.criteria(X, np.ma.masked_values([1.0, -9.0, 2.0], -9.0))
    with pytest.raises(ValueError, match="sample weights are masked at row 1"):
        fitted.fit(X, sample_weight=np.ma.masked_values([1.0, -9.0, 2.0], -9.0))


def test_starts_and_priors_are_read_as_samples_are() -> None:
    X = np.random.default_rng(0).normal(size=(30, 2))
    masked = np.ma.masked_values([[0.0, -9.0], [1.0, 1.0]], -9.0)
    with pytest.raises(ValueError, match="means_init are masked at row 0, column 1"):
        gmm.GaussianMixture(2, means_init=masked).fit(X)
    with pytest.raises(ValueError, match="prior's mean are masked at row 1"):
        gmm.GaussianMixture(2, prior=gmm.Prior(mean=masked[0])).fit(X)
    with pytest.raises(ValueError, match="means are masked at row 0, column 1"):
        gmm.Mixture([0.5, 0.5], masked, [np.eye(2)] * 2)
    start = arrow_table(a=[0.0, 1.0], b=[0.0, 1.0])
    plain = gmm.GaussianMixture(2, means_init=[[0.0, 0.0], [1.0, 1.0]], random_state=0).fit(X)
    fitted = gmm.GaussianMixture(2, means_init=start, random_state=0).fit(X)
    assert np.array_equal(fitted.means_, plain.means_)


def test_columns_of_pandas_are_read_by_their_types() -> None:
    pd = pytest.importorskip("pandas")
    plain = np.array([[10.0, 1.0], [20.0, 0.0], [20.0, 1.0]])
    for frame in (
        pd.DataFrame({"a": pd.array([10, 20, 20], "Int64"), "b": pd.array([1, 0, 1], "Float32")}),
        pd.DataFrame({"a": pd.Categorical([10, 20, 20]), "b": [True, False, True]}),
        pd.DataFrame({"a": [10, 20, 20], "b": pd.array([True, False, True], "boolean")}),
        pd.DataFrame({"a": pd.arrays.SparseArray([10, 20, 20]), "b": np.float16([1, 0, 1])}),
        pd.DataFrame({"a": np.array([10, 20.0, 20], object), "b": np.float32([1, 0, 1])}),
    ):
        for read in READERS.values():
            assert np.array_equal(read(frame), read(plain))
    single = pd.DataFrame({"a": pd.array([1, 2], "Float32"), "b": np.float32([1, 0])})
    assert TWO.energies(single).dtype == np.float32
    times = pd.to_datetime(["2020", "2021"])
    for column, message in {
        "dates": (times, r"column 'b' has the type datetime64"),
        "dates of a zone": (times.tz_localize("UTC"), r"column 'b' has the type datetime64"),
        "durations": (times - times[0], r"column 'b' has the type timedelta64"),
        "periods": (times.to_period("M"), r"column 'b' holds a Period at row 0"),
        "text": (["x", "y"], r"column 'b' holds a value that is not a number"),
        "categories that are text": (
            pd.Categorical(["x", "y"]),
            "column 'b' holds a value that is not",
        ),
        "complex": ([1j, 2], "column 'b' has the type complex128"),
    }.values():
        for read in (TWO.energies, gmm.GaussianMixture(1).fit, gmm.OutlierDetector().fit):
            with pytest.raises((TypeError, ValueError), match=message):
                read(pd.DataFrame({"a": [1.0, 2.0], "b": column}))
    missing = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": [1.0, 2.0]})
    for read in (TWO.energies, gmm.GaussianMixture(1).fit, gmm.OutlierDetector().fit):
        with pytest.raises(ValueError, match="NaN"):
            read(missing)


def test_columns_of_polars_are_read_by_their_types() -> None:
    pl = pytest.importorskip("polars")
    plain = np.array([[10.0, 1.0], [20.0, 0.0], [20.0, 1.0]])
    frame = pl.DataFrame({"a": [10, 20, 20], "b": [True, False, True]})
    for read in READERS.values():
        assert np.array_equal(read(frame), read(plain))
    for kind in (pl.Categorical, pl.Enum(["x", "y"]), pl.Utf8):
        words = pl.DataFrame({"a": [1.0, 2.0], "b": pl.Series(["x", "y"], dtype=kind)})
        for read in (TWO.energies, gmm.GaussianMixture(1).fit, gmm.OutlierDetector().fit):
            with pytest.raises(TypeError, match=r"column 'b' has the Arrow type '.*' \(strings\)"):
                read(words)
    with pytest.raises(ValueError, match="NaN"):
        gmm.GaussianMixture(1).fit(pl.DataFrame({"a": [1, None, 3]}))
    with pytest.raises(TypeError, match=r"hold a LazyFrame|not 'LazyFrame'|LazyFrame"):
        TWO.energies(frame.lazy())


@pytest.mark.parametrize("kind", FRAMES)
def test_estimators_take_tables(kind: str, blobs: Any) -> None:
    table = frame(kind, {f"x{at}": blobs[:, at].copy() for at in range(4)})
    plain = gmm.GaussianMixture(3, random_state=0).fit(blobs)
    named = gmm.GaussianMixture(3, random_state=0).fit(table)
    assert np.array_equal(plain.means_, named.means_)
    assert np.array_equal(plain.predict(blobs), named.predict(table))
    if kind != "pyarrow":
        assert list(named.feature_names_in_) == ["x0", "x1", "x2", "x3"]
    capsules = only(table, "__arrow_c_stream__")
    assert np.array_equal(gmm.GaussianMixture(3, random_state=0).fit(capsules).means_, plain.means_)


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (np.zeros((3, 4), complex), TypeError, "samples are of type complex128; pass real numbers"),
        (np.zeros(4), ValueError, "samples have 1 dimensions; pass an array of 2"),
        ([["a", "b"]], TypeError, "samples are of type <U1; pass real numbers"),
    ],
)
def test_what_is_no_matrix_is_refused(
    mixture: gmm.Mixture, samples: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        mixture.energies(samples)
    assert str(caught.value) == message
