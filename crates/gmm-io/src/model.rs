//! Model files: a mixture in safetensors, written whole or not at all, and checked when read.
//!
//! ```text
//! metadata   "gmm": "format=1 covariance_type=full"            or tied, diag, spherical
//! weights    f64 [k]            ridges     f64 [k]            added to each diagonal before factoring
//! means      f64 [k, d]         cholesky   f64 [k, d, d]      lower factors of covariances + ridge I
//! covariances f64 [k, d, d]     dropped    u64 [m], only when m > 0: components without samples
//! ```
//!
//! Covariances and factors that are not full are [d, d] (tied), [k, d] (diag) or [k] (spherical); of the last
//! two the factors are deviations.
//!
//! The factors are stored, and not computed again, so that a mixture scores the same to the last bit
//! wherever it is loaded. Layout and promises: docs/model-file.md.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use gmm_core::{Covariances, Mixture, Structure};
use safetensors::tensor::{Metadata, TensorView};
use safetensors::{Dtype, SafeTensors, View, serialize};

use crate::error::Error;
use crate::whole::{WholeFile, check_regular};

/// The one metadata key: with several, their order in the file would be random.
const KEY: &str = "gmm";

/// What the key says of a file that holds this structure.
fn format_of(structure: Structure) -> String {
    format!("format=1 covariance_type={structure}")
}

/// Writes `mixture` to `path`: to a temporary file beside it, flushed to the disk, then renamed over it.
/// An earlier file of that name stays whole until the new one is.
///
/// # Errors
///
/// [`Error::Save`]; [`Error::Unstorable`] for a mixture of independent factors
/// ([`Mixture::from_independent`]), which reading would refuse.
pub fn save_model(path: &Path, mixture: &Mixture) -> Result<(), Error> {
    let (k, d, held) = (mixture.n_components(), mixture.n_features(), mixture.covariances());
    let parts = Parts {
        structure: held.structure(),
        weights: mixture.weights().into(),
        means: mixture.means().into(),
        covariances: held.values().into(),
        ridges: held.ridges().into(),
        cholesky: held.cholesky().into(),
        dropped: mixture.dropped().into(),
    };
    if parts.mixture().as_ref() != Ok(mixture) {
        return Err(Error::Unstorable { path: path.to_owned() });
    }
    let shape = parts.structure.shape(k, d);
    let mut tensors = vec![
        ("weights", Tensor::doubles(&parts.weights, &[k])),
        ("means", Tensor::doubles(&parts.means, &[k, d])),
        ("covariances", Tensor::doubles(&parts.covariances, &shape)),
        ("ridges", Tensor::doubles(&parts.ridges, &[k])),
        ("cholesky", Tensor::doubles(&parts.cholesky, &shape)),
    ];
    if !mixture.dropped().is_empty() {
        tensors.push(("dropped", Tensor::counts(mixture.dropped())));
    }
    let metadata = [(KEY.to_owned(), format_of(parts.structure))].into_iter().collect::<HashMap<_, _>>();
    let bytes = serialize(tensors, Some(metadata.into_iter().collect()))
        .map_err(|error| Error::BadModel { path: path.to_owned(), reason: error.to_string() })?;
    let mut file = WholeFile::create(path)?;
    file.write_all(&bytes).map_err(|source| Error::Save { path: path.to_owned(), source })?;
    file.keep()
}

/// Reads a mixture from `path`. Every shape and value is checked, and every factor is held against
/// its covariance; what passes is a mixture like any other.
///
/// # Errors
///
/// [`Error::Load`]; [`Error::BadModel`] when the file is no model of this format;
/// [`Error::RefusedModel`] when its values make no mixture.
pub fn load_model(path: &Path) -> Result<Mixture, Error> {
    let bytes = read_whole(path).map_err(|source| Error::Load { path: path.to_owned(), source })?;
    let bad = |reason: String| Error::BadModel { path: path.to_owned(), reason };
    let parts = Parts::parse(&bytes).map_err(bad)?;
    parts.mixture().map_err(|source| Error::RefusedModel { path: path.to_owned(), source })
}

/// The arrays of a file, of shapes that agree.
struct Parts<'a> {
    structure: Structure,
    weights: Cow<'a, [f64]>,
    means: Cow<'a, [f64]>,
    covariances: Cow<'a, [f64]>,
    ridges: Cow<'a, [f64]>,
    cholesky: Cow<'a, [f64]>,
    dropped: Cow<'a, [usize]>,
}

impl Parts<'_> {
    /// The mixture that they make.
    fn mixture(&self) -> gmm_core::Result<Mixture> {
        let Parts { structure, weights, means, covariances, ridges, cholesky, dropped } = self;
        if *structure == Structure::Full {
            return Mixture::from_factors(weights, means, covariances, ridges, cholesky, dropped);
        }
        let (k, d) = (weights.len(), means.len() / weights.len().max(1));
        let held = Covariances::from_factors(*structure, covariances, ridges, cholesky, k, d)?;
        Mixture::from_covariances(weights, means, held, dropped)
    }

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        let structure = check_format(&metadata)?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let shape = |name| file.tensor(name).map(|tensor| tensor.shape().to_vec()).map_err(|e| e.to_string());
        let &[k, d] = shape("means")?.as_slice() else { return Err("tensor `means` is not a matrix".into()) };
        let of_structure = structure.shape(k, d);
        Ok(Parts {
            structure,
            weights: doubles(&file, "weights", &[k])?.into(),
            means: doubles(&file, "means", &[k, d])?.into(),
            covariances: doubles(&file, "covariances", &of_structure)?.into(),
            ridges: doubles(&file, "ridges", &[k])?.into(),
            cholesky: doubles(&file, "cholesky", &of_structure)?.into(),
            dropped: match file.tensor("dropped") {
                Ok(tensor) => counts(&tensor)?.into(),
                Err(_) => Vec::new().into(),
            },
        })
    }
}

fn check_format(metadata: &Metadata) -> Result<Structure, String> {
    let Some(format) = metadata.metadata().as_ref().and_then(|metadata| metadata.get(KEY)) else {
        return Err(format!("it is a safetensors file without the metadata '{KEY}'"));
    };
    let named = Structure::ALL.into_iter().find(|&structure| *format == format_of(structure));
    named.ok_or_else(|| {
        let known = format_of(Structure::Full);
        format!("its format is '{}', not '{known}' (or tied, diag, spherical)", format.escape_debug())
    })
}

fn doubles(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f64>, String> {
    let tensor = file.tensor(name).map_err(|error| error.to_string())?;
    if tensor.dtype() != Dtype::F64 {
        return Err(format!("tensor `{name}` is of type {} and not F64", tensor.dtype()));
    }
    if tensor.shape() != shape {
        return Err(format!("tensor `{name}` has shape {:?} where means say {shape:?}", tensor.shape()));
    }
    Ok(tensor.data().as_chunks::<8>().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect())
}

fn counts(tensor: &TensorView<'_>) -> Result<Vec<usize>, String> {
    if tensor.dtype() != Dtype::U64 || tensor.shape().len() != 1 {
        return Err(format!(
            "tensor `dropped` is {} of shape {:?} and not a list of U64",
            tensor.dtype(),
            tensor.shape()
        ));
    }
    let values = tensor.data().as_chunks::<8>().0.iter().map(|&bytes| u64::from_le_bytes(bytes));
    values.map(|value| usize::try_from(value).map_err(|error| error.to_string())).collect()
}

/// A tensor to write.
struct Tensor {
    dtype: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Tensor {
    fn doubles(values: &[f64], shape: &[usize]) -> Self {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Tensor { dtype: Dtype::F64, shape: shape.to_vec(), bytes }
    }

    fn counts(values: &[usize]) -> Self {
        let bytes = values.iter().flat_map(|&value| (value as u64).to_le_bytes()).collect();
        Tensor { dtype: Dtype::U64, shape: vec![values.len()], bytes }
    }
}

impl View for Tensor {
    fn dtype(&self) -> Dtype {
        self.dtype
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// The whole of a regular file. A pipe or a device has no end to trust.
fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    check_regular(path)?;
    fs::read(path)
}
