//! Model files: a mixture in safetensors, written completely or not at all, and checked when read.
//!
//! ```text
//! metadata   "gmm": "format=1 covariance_type=full"            or tied, diag, spherical
//!            "feature_names": "[\"height\", \"width\"]"        only when features have names
//!            any other key: any text
//! weights    f64 [k]            ridges     f64 [k]            added to each diagonal before factoring
//! means      f64 [k, d]         cholesky   f64 [k, d, d]      lower factors of covariances + ridge I
//! covariances f64 [k, d, d]     dropped    u64 [m], only when m > 0: components without samples
//! ```
//!
//! Covariances and factors that are not full are [d, d] (tied), [k, d] (diag) or [k] (spherical); for diag and
//! spherical, the factors are standard deviations.
//!
//! The factors are stored, not recomputed, so that scores of a loaded mixture equal the original's bit for bit on
//! every machine. Layout and promises: docs/model-file.md.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use gmm_core::{CovarianceType, Mixture};
use safetensors::tensor::{Metadata, TensorView};
use safetensors::{Dtype, SafeTensors, View, serialize};

use crate::error::Error;
use crate::format::{MODEL, described};
use crate::metadata::{FORMAT_KEY, NAMES_KEY, check_header, list_of_names, parse_names, with_pairs};
use crate::whole::{WholeFile, check_regular};

/// What errors call a model that is no file.
const IN_MEMORY: &str = "model in memory";

/// The contents of a model file: a mixture and metadata.
///
/// ```
/// use gmm_core::Mixture;
/// use gmm_io::Model;
///
/// # let folder = tempfile::tempdir()?;
/// # let path = &folder.path().join("model.safetensors");
/// let mut model = Model::new(Mixture::new(&[1.0], &[0.0, 2.0], &[1.0, 0.0, 0.0, 1.0])?);
/// model.feature_names = Some(vec!["height".into(), "width".into()]);
/// model.metadata.insert("threshold".into(), "29.7".into());
/// model.save(path)?;
/// assert_eq!(Model::load(path)?, model);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Model {
    /// The mixture.
    pub mixture: Mixture,
    /// Names of the features (d), if they have any. Names may repeat.
    pub feature_names: Option<Vec<String>>,
    /// Free text by key. Keys must not be empty, `gmm` or `feature_names`. Unknown keys of a file are kept, and are
    /// written again.
    pub metadata: BTreeMap<String, String>,
}

impl Model {
    /// A mixture without metadata.
    pub fn new(mixture: Mixture) -> Self {
        Model { mixture, feature_names: None, metadata: BTreeMap::new() }
    }

    /// Sets the text of `key`. For the key `feature_names`, the text is a JSON list of the names.
    ///
    /// # Errors
    ///
    /// [`Error::BadMetadata`] for an empty key, for `gmm`, for a key that is already set, and for `feature_names`
    /// that are not a list of d strings.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), Error> {
        let refused = |reason: &str| Error::BadMetadata { key: key.to_owned(), reason: reason.to_owned() };
        check_key(key)?;
        if key == NAMES_KEY {
            if self.feature_names.is_some() {
                return Err(refused("it is given twice; pass each key once"));
            }
            let names = parse_names(value, self.mixture.n_features());
            self.feature_names = Some(names.map_err(|_| {
                refused(&format!(
                    "the value must be a JSON list of {} strings, one for each feature",
                    self.mixture.n_features()
                ))
            })?);
            return Ok(());
        }
        match self.metadata.insert(key.to_owned(), value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(refused("it is given twice; pass each key once")),
        }
    }

    /// Writes the model to `path`, as [`save_model`] does, with its metadata.
    ///
    /// # Errors
    ///
    /// Those of [`save_model`]; [`Error::BadMetadata`] for a key that is reserved or empty, and when the number of
    /// names is not that of the features.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let d = self.mixture.n_features();
        if let Some(names) = &self.feature_names
            && names.len() != d
        {
            let reason = format!("there are {} names for {d} features; write one for each", names.len());
            return Err(Error::BadMetadata { key: NAMES_KEY.to_owned(), reason });
        }
        for key in self.metadata.keys() {
            check_key(key)?;
            if key == NAMES_KEY {
                let reason = "set the names of features by their own field".to_owned();
                return Err(Error::BadMetadata { key: key.clone(), reason });
            }
        }
        let names = self.feature_names.as_ref().map(|names| list_of_names(names));
        let names = names.iter().map(|list| (NAMES_KEY, list.as_str()));
        let others = self.metadata.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        write_model(path, &self.mixture, names.chain(others))
    }

    /// Reads the file at `path`, as [`load_model`] does, with its metadata.
    ///
    /// # Errors
    ///
    /// Those of [`load_model`]; [`Error::BadModel`] for `feature_names` that are not a JSON list of d strings.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = read_whole(path).map_err(|source| Error::Load { path: path.to_owned(), source })?;
        let bad = |reason: String| Error::BadModel { path: path.to_owned(), reason };
        let parsed = Parts::parse(&bytes).map_err(|reason| match described(path) {
            // A file that is not safetensors is reported with its own format.
            Some(what) if what != MODEL => format!("it is {what}"),
            _ => reason,
        });
        let (parts, text) = parsed.map_err(bad)?;
        let mixture = parts.mixture();
        let mixture = mixture.map_err(|source| Error::RefusedModel { path: path.to_owned(), source })?;
        let mut model = Model::new(mixture);
        for (key, value) in text {
            if key == NAMES_KEY {
                model.feature_names = Some(parse_names(&value, model.mixture.n_features()).map_err(bad)?);
            } else if key != FORMAT_KEY && !key.is_empty() {
                model.metadata.insert(key, value);
            }
        }
        Ok(model)
    }
}

/// Refuses a key that is empty or reserved.
fn check_key(key: &str) -> Result<(), Error> {
    let refused = |reason: &str| Err(Error::BadMetadata { key: key.to_owned(), reason: reason.to_owned() });
    match key {
        "" => refused("a key must not be empty"),
        FORMAT_KEY => refused("it is reserved for the format of the file; choose another key"),
        _ => Ok(()),
    }
}

/// The value of the key `gmm` for a mixture of this structure.
fn format_of(covariance_type: CovarianceType) -> String {
    format!("format=1 covariance_type={covariance_type}")
}

/// Writes `mixture` to a temporary file beside `path`, flushes it to the disk, and renames it to `path`. An earlier
/// file of that name stays unchanged until then.
///
/// # Errors
///
/// [`Error::Save`]; [`Error::Unstorable`] for a mixture with independent factors ([`Mixture::from_independent`]),
/// which loading would refuse.
pub fn save_model(path: &Path, mixture: &Mixture) -> Result<(), Error> {
    write_model(path, mixture, std::iter::empty())
}

/// Writes the mixture and pairs of metadata, in the given order.
fn write_model<'a>(
    path: &Path,
    mixture: &Mixture,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(), Error> {
    let bytes = encode(path, mixture, pairs)?;
    let mut file = WholeFile::create(path)?;
    file.write_all(&bytes).map_err(|source| Error::Save { path: path.to_owned(), source })?;
    file.keep()
}

/// The bytes of the file that [`save_model`] writes.
///
/// # Errors
///
/// [`Error::Unstorable`], as [`save_model`].
///
/// Cost: two copies of the parameters, and one check of each factor, `d³ / 3` flops for a matrix.
///
/// ```
/// use gmm_core::Mixture;
/// use gmm_io::{model_from_bytes, model_to_bytes};
///
/// let mixture = Mixture::new(&[1.0], &[0.0], &[2.0])?;
/// assert_eq!(model_from_bytes(&model_to_bytes(&mixture)?)?, mixture);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn model_to_bytes(mixture: &Mixture) -> Result<Vec<u8>, Error> {
    encode(Path::new(IN_MEMORY), mixture, std::iter::empty())
}

/// The mixture in the bytes of a model file. Metadata is not read.
///
/// # Errors
///
/// [`Error::BadModel`] and [`Error::RefusedModel`], as [`load_model`].
///
/// Cost: one copy of the parameters, and one check of each factor, `d³ / 3` flops for a matrix.
pub fn model_from_bytes(bytes: &[u8]) -> Result<Mixture, Error> {
    let path = || IN_MEMORY.into();
    let (parts, _) = Parts::parse(bytes).map_err(|reason| Error::BadModel { path: path(), reason })?;
    parts.mixture().map_err(|source| Error::RefusedModel { path: path(), source })
}

/// The bytes of a model file with pairs of metadata, in the given order. Errors name `path`.
fn encode<'a>(
    path: &Path,
    mixture: &Mixture,
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<Vec<u8>, Error> {
    let (k, d, held) = (mixture.n_components(), mixture.n_features(), mixture.covariances());
    let parts = Parts {
        covariance_type: held.covariance_type(),
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
    let shape = parts.covariance_type.shape(k, d);
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
    let format = format_of(parts.covariance_type);
    let metadata = [(FORMAT_KEY.to_owned(), format.clone())].into_iter().collect();
    let bytes = serialize(tensors, Some(metadata))
        .map_err(|error| Error::BadModel { path: path.to_owned(), reason: error.to_string() })?;
    let bytes = with_pairs(bytes, &format, pairs);
    check_header(&bytes).map_err(|reason| Error::BadMetadata { key: "metadata".into(), reason })?;
    Ok(bytes)
}

/// Reads a mixture from `path`. Every shape and value is checked, and every factor is compared with its covariance; a
/// loaded mixture satisfies all that a new one does.
///
/// # Errors
///
/// [`Error::Load`]; [`Error::BadModel`] when the file is not a model of this format; [`Error::RefusedModel`] when its
/// values are not a valid mixture.
pub fn load_model(path: &Path) -> Result<Mixture, Error> {
    Model::load(path).map(|model| model.mixture)
}

/// The arrays of a file, with consistent shapes.
struct Parts<'a> {
    covariance_type: CovarianceType,
    weights: Cow<'a, [f64]>,
    means: Cow<'a, [f64]>,
    covariances: Cow<'a, [f64]>,
    ridges: Cow<'a, [f64]>,
    cholesky: Cow<'a, [f64]>,
    dropped: Cow<'a, [usize]>,
}

impl Parts<'_> {
    /// The mixture with these parameters.
    fn mixture(&self) -> gmm_core::Result<Mixture> {
        let Parts { covariance_type, weights, means, covariances, ridges, cholesky, dropped } = self;
        Mixture::from_factors_with_type(
            *covariance_type,
            weights,
            means,
            covariances,
            ridges,
            cholesky,
            dropped,
        )
    }

    /// The arrays and all metadata of the file.
    fn parse(bytes: &[u8]) -> Result<(Self, HashMap<String, String>), String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        let covariance_type = check_format(&metadata)?;
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let shape = |name| file.tensor(name).map(|tensor| tensor.shape().to_vec()).map_err(|e| e.to_string());
        let &[k, d] = shape("means")?.as_slice() else { return Err("tensor `means` is not a matrix".into()) };
        let of_structure = covariance_type.shape(k, d);
        let parts = Parts {
            covariance_type,
            weights: doubles(&file, "weights", &[k])?.into(),
            means: doubles(&file, "means", &[k, d])?.into(),
            covariances: doubles(&file, "covariances", &of_structure)?.into(),
            ridges: doubles(&file, "ridges", &[k])?.into(),
            cholesky: doubles(&file, "cholesky", &of_structure)?.into(),
            dropped: match file.tensor("dropped") {
                Ok(tensor) => counts(&tensor)?.into(),
                Err(_) => Vec::new().into(),
            },
        };
        Ok((parts, metadata.metadata().clone().unwrap_or_default()))
    }
}

fn check_format(metadata: &Metadata) -> Result<CovarianceType, String> {
    let Some(format) = metadata.metadata().as_ref().and_then(|metadata| metadata.get(FORMAT_KEY)) else {
        return Err(format!("it is a safetensors file without the metadata '{FORMAT_KEY}'"));
    };
    let named =
        CovarianceType::ALL.into_iter().find(|&covariance_type| *format == format_of(covariance_type));
    named.ok_or_else(|| {
        let known = format_of(CovarianceType::Full);
        format!("its format is '{}', not '{known}' (or tied, diag, spherical)", format.escape_debug())
    })
}

fn doubles(file: &SafeTensors<'_>, name: &str, shape: &[usize]) -> Result<Vec<f64>, String> {
    let tensor = file.tensor(name).map_err(|error| error.to_string())?;
    if tensor.dtype() != Dtype::F64 {
        return Err(format!("tensor `{name}` is of type {} and not F64", tensor.dtype()));
    }
    if tensor.shape() != shape {
        return Err(format!("tensor `{name}` has shape {:?} but the means imply {shape:?}", tensor.shape()));
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

/// The contents of a regular file. A pipe or a device is refused: its end says nothing about completeness.
fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    check_regular(path)?;
    fs::read(path)
}
