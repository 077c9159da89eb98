"""Samples are read where they are, whatever they come as."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest

import gmm
from gmm import _arrays, _arrow


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
    wanted = mixture.energies(np.array(rows, dtype=float))
    for same in (
        rows,
        np.array(rows),
        np.array(rows, dtype=np.int8),
        np.array(rows, dtype=np.float16),
    ):
        assert np.array_equal(mixture.energies(same), wanted)


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
    wanted = np.array([[nan, 2], [3, 3], [4, 4], [5, nan]])
    assert np.array_equal(_arrow.table(only(whole, "__arrow_c_stream__")), wanted, equal_nan=True)
    batch = first.to_batches()[0].slice(1)
    got = _arrow.table(only(batch, "__arrow_c_array__"))
    assert np.array_equal(got, wanted[:2], equal_nan=True)
    floats = pa.table({"a": pa.array([1.0, None], pa.float32())})
    assert _arrow.table(only(floats, "__arrow_c_stream__")).dtype == np.float32
    empty = pa.table({"a": pa.array([], pa.float64())})
    assert _arrow.table(only(empty, "__arrow_c_stream__")).shape == (0, 1)
    with pytest.raises(
        TypeError, match="column 'a' has the Arrow type 'u'; pass columns of numbers"
    ):
        _arrow.table(only(pa.table({"a": ["x"]}), "__arrow_c_stream__"))


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
    ("samples", "error", "said"),
    [
        (np.zeros((3, 4), complex), TypeError, "samples are of type complex128; pass real numbers"),
        (np.zeros(4), ValueError, "samples have 1 dimensions; pass an array of 2"),
        ([["a", "b"]], TypeError, "samples are of type <U1; pass real numbers"),
    ],
)
def test_what_is_no_matrix_is_refused(
    mixture: gmm.Mixture, samples: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        mixture.energies(samples)
    assert str(caught.value) == said
