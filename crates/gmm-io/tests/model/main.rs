//! Model files: what is restored, and what is refused.

mod text;

use std::fs;
use std::path::{Path, PathBuf};

use gmm_core::{
    CovarianceType, Covariances, Mixture, ParamsOptions, Responsibilities, Samples, Threads, energy,
    params_with,
};
use gmm_io::{Error, Model, link_target, load_model, read_metadata, save_model};
use tempfile::TempDir;

/// Two components, one of them dropped, with a ridge: all that a file can store.
fn mixture() -> Mixture {
    let rows = [0.1, 2.0, 0.7, 1.0, 0.3, 3.3, 0.9, 0.2];
    let gamma = [1.0, 0.0, 0.5, 0.0, 0.25, 0.0, 1.0, 0.0];
    let samples = Samples::from_rows(&rows, 4, 2).unwrap();
    let gamma = Responsibilities::from_rows(&gamma, 4, 2).unwrap();
    let options = ParamsOptions { drop_empty: true, ..ParamsOptions::default() };
    params_with(&samples, &gamma, &options, &Threads::one()).unwrap()
}

fn saved() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model.safetensors");
    save_model(&path, &mixture()).unwrap();
    (directory, path)
}

fn refusal(path: &Path) -> String {
    load_model(path).unwrap_err().to_string().replace(&path.display().to_string(), "FILE")
}

/// Writes the file again with `from` replaced by `to` of the same length.
fn patched(path: &Path, from: &str, to: &str) {
    let bytes = fs::read(path).unwrap();
    let at = bytes.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    let patched = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
    fs::write(path, patched).unwrap();
}

#[test]
fn what_is_loaded_is_what_was_saved_to_the_last_bit() {
    let (_directory, path) = saved();
    let loaded = load_model(&path).unwrap();
    assert_eq!(loaded, mixture());
    assert_eq!(loaded.dropped(), [1]);
    let samples = Samples::from_rows(&[0.5, 1.5, -3.0, 8.0], 2, 2).unwrap();
    let energies = |mixture| energy(mixture, &samples, &Threads::one()).unwrap();
    assert_eq!(energies(&loaded), energies(&mixture()));
}

#[test]
fn every_structure_comes_back_in_its_own_shape() {
    let (_directory, path) = saved();
    let full = [2.0, 0.5, 0.5, 1.0, 0.3, 0.1, 0.1, 0.7];
    for covariance_type in CovarianceType::ALL {
        let shape = covariance_type.shape(2, 2);
        let values = if covariance_type == CovarianceType::Diag { &[2.0, 0.5, 0.3, 0.7] } else { &full[..] };
        let values = &values[..shape.iter().product()];
        let covariances = Covariances::new(covariance_type, values, 2, 2).unwrap();
        let mixture = Mixture::from_covariances(&[1.0, 0.0], &[0.1; 4], covariances, &[1]).unwrap();
        save_model(&path, &mixture).unwrap();
        assert_eq!(load_model(&path).unwrap(), mixture, "{covariance_type}");
        let bytes = fs::read(&path).unwrap();
        let header = String::from_utf8_lossy(&bytes);
        let shape = format!("{shape:?}").replace(' ', "");
        for part in [
            format!(r#""gmm":"format=1 covariance_type={covariance_type}""#),
            format!(r#""covariances":{{"dtype":"F64","shape":{shape}"#),
            format!(r#""cholesky":{{"dtype":"F64","shape":{shape}"#),
        ] {
            assert!(header.contains(&part), "{part} in {header}");
        }
    }
}

#[test]
fn a_structure_that_is_not_that_of_the_arrays_is_refused() {
    let (_directory, path) = saved();
    patched(&path, "covariance_type=full", "covariance_type=tied");
    assert_eq!(
        refusal(&path),
        "FILE: not a model that this version reads: tensor `covariances` has shape [2, 2, 2] but the means imply [2, 2]"
    );
    let covariances = Covariances::new(CovarianceType::Diag, &[2.25, 0.5], 1, 2).unwrap();
    save_model(&path, &Mixture::from_covariances(&[1.0], &[0.0; 2], covariances, &[]).unwrap()).unwrap();
    let bytes = fs::read(&path).unwrap();
    let at = bytes.windows(8).position(|window| window == 2.25_f64.to_le_bytes()).unwrap();
    fs::write(&path, [&bytes[..at], &2.5_f64.to_le_bytes(), &bytes[at + 8..]].concat()).unwrap();
    assert!(refusal(&path).contains("does not multiply to the covariance at row 0, column 0"));
}

#[test]
fn the_same_mixture_is_the_same_file() {
    let ((_a, first), (_b, second)) = (saved(), saved());
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

/// The layout that docs/model-file.md promises, read byte by byte.
#[test]
fn the_layout_is_the_documented_one() {
    let (_directory, path) = saved();
    let bytes = fs::read(path).unwrap();
    let header_len = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&bytes[8..8 + header_len]).unwrap();
    for part in [
        r#""__metadata__":{"gmm":"format=1 covariance_type=full"}"#,
        r#""weights":{"dtype":"F64","shape":[2]"#,
        r#""means":{"dtype":"F64","shape":[2,2]"#,
        r#""covariances":{"dtype":"F64","shape":[2,2,2]"#,
        r#""ridges":{"dtype":"F64","shape":[2]"#,
        r#""cholesky":{"dtype":"F64","shape":[2,2,2]"#,
        r#""dropped":{"dtype":"U64","shape":[1]"#,
    ] {
        assert!(header.contains(part), "{part} in {header}");
    }
}

#[test]
fn other_formats_are_refused_by_name() {
    let (_directory, path) = saved();
    patched(&path, "format=1", "format=2");
    assert_eq!(
        refusal(&path),
        "FILE: not a model that this version reads: its format is 'format=2 covariance_type=full', \
         not 'format=1 covariance_type=full' (or tied, diag, spherical)"
    );
    fs::write(&path, "weight,mean\n1,2\n").unwrap();
    assert!(refusal(&path).starts_with("FILE: not a model that this version reads: "));
}

#[test]
fn every_truncation_is_refused() {
    let (_directory, path) = saved();
    let bytes = fs::read(&path).unwrap();
    for len in 0..bytes.len() {
        fs::write(&path, &bytes[..len]).unwrap();
        assert!(matches!(load_model(&path), Err(Error::BadModel { .. })), "{len} bytes");
    }
}

/// Single flipped bits: each file is refused or is still a valid mixture, without a panic.
#[test]
fn no_flipped_bit_is_a_panic() {
    let (_directory, path) = saved();
    let bytes = fs::read(&path).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &flipped).unwrap();
        if let Ok(mixture) = load_model(&path) {
            assert!(mixture.weights().iter().all(|weight| *weight >= 0.0));
        }
    }
}

#[test]
fn values_that_make_no_mixture_are_refused_with_the_reason() {
    let (_directory, path) = saved();
    let bytes = fs::read(&path).unwrap();
    // The weight 0.6875 = 2.75 / 4 occurs in the file once; it becomes NaN.
    let weight = 0.6875_f64.to_le_bytes();
    let at = bytes.windows(8).position(|window| window == weight).unwrap();
    let patched = [&bytes[..at], &f64::NAN.to_le_bytes(), &bytes[at + 8..]].concat();
    fs::write(&path, patched).unwrap();
    assert_eq!(refusal(&path), "FILE: weights is NaN at component 0; remove or impute such values first");
}

#[test]
fn a_factor_of_another_covariance_is_refused() {
    let (_directory, path) = saved();
    let bytes = fs::read(&path).unwrap();
    let factor = mixture().covariances().cholesky()[0];
    let at = bytes.windows(8).position(|window| window == factor.to_le_bytes()).unwrap();
    fs::write(&path, [&bytes[..at], &(2.0 * factor).to_le_bytes(), &bytes[at + 8..]].concat()).unwrap();
    assert_eq!(
        refusal(&path),
        "FILE: cholesky factor of component 0 does not multiply to the covariance at row 0, column 0; \
         pass the factor of covariance + ridge * I"
    );
}

#[test]
fn a_failed_save_leaves_the_earlier_file_and_nothing_else() {
    let (directory, path) = saved();
    let before = fs::read(&path).unwrap();
    let independent = Mixture::from_independent(&[1.0], &[0.0], &[1.0], &[3.0], &[0.0]).unwrap();
    let refused = save_model(&path, &independent).unwrap_err();
    assert!(matches!(refused, Error::Unstorable { .. }), "{refused}");
    assert!(!refused.is_io());
    assert_eq!(fs::read(&path).unwrap(), before);

    // A directory has the name of the file: the rename fails after everything was written.
    let blocked = directory.path().join("blocked");
    fs::create_dir(&blocked).unwrap();
    assert!(save_model(&blocked, &mixture()).unwrap_err().is_io());
    assert!(save_model(&directory.path().join("no/such/place"), &mixture()).unwrap_err().is_io());
    let mut names: Vec<_> =
        fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["blocked", "model.safetensors"]);
}

/// Renaming over a pipe or a device would remove it for all its users.
#[cfg(unix)]
#[test]
fn pipes_stay_pipes_and_links_stay_links() {
    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    assert!(save_model(&pipe, &mixture()).unwrap_err().is_io());
    assert!(!fs::metadata(&pipe).unwrap().is_file());

    let (link, file) = (directory.path().join("link"), directory.path().join("file"));
    fs::write(&file, "earlier").unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    save_model(&link, &mixture()).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(load_model(&file).unwrap(), mixture());
}

/// docs/model-file.md: the target of a link is written, whether or not it exists.
#[cfg(unix)]
#[test]
fn a_link_to_nothing_makes_what_it_names() {
    use std::os::unix::fs::symlink;
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("deep")).unwrap();
    symlink("deep/second", at("first")).unwrap();
    symlink("file", at("deep/second")).unwrap();
    save_model(&at("first"), &mixture()).unwrap();
    assert_eq!(link_target(&at("first")).unwrap(), at("deep/file"));
    assert!(fs::symlink_metadata(at("first")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(at("deep/second")).unwrap().is_symlink());
    assert!(fs::symlink_metadata(at("deep/file")).unwrap().is_file());
    assert_eq!(load_model(&at("first")).unwrap(), mixture());

    symlink("nowhere/file", at("lost")).unwrap();
    symlink("round", at("round")).unwrap();
    for (name, why) in
        [("lost", "No such file or directory (os error 2)"), ("round", "too many levels of symbolic links")]
    {
        let refused = save_model(&at(name), &mixture()).unwrap_err();
        // The message has the name that the caller passed, not that of the temporary file.
        assert_eq!(refused.to_string(), format!("cannot write {}: {why}", at(name).display()));
        assert!(fs::symlink_metadata(at(name)).unwrap().is_symlink());
    }
}

#[test]
fn what_is_no_model_is_named_as_what_it_is() {
    let (_directory, path) = saved();
    for (bytes, what) in [
        (&b"x,y\n1,2\n"[..], "CSV or other text"),
        (b"\x93NUMPY\x01\0", "an npy array"),
        (b"\x1f\x8b\x08", "a compressed file"),
        (b"PK\x03\x04", "a zip archive"),
    ] {
        fs::write(&path, bytes).unwrap();
        assert_eq!(refusal(&path), format!("FILE: not a model that this version reads: it is {what}"));
    }
}

#[test]
fn a_mixture_with_a_determinant_of_its_own_is_not_stored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("model");
    let mixture = Mixture::from_independent(&[1.0], &[0.0], &[1.0], &[1.0], &[0.5]).unwrap();
    assert!(matches!(save_model(&path, &mixture), Err(Error::Unstorable { .. })));
    assert!(!path.exists());
}

#[test]
fn a_file_that_is_not_there_and_one_that_never_ends_are_refused() {
    assert!(load_model(Path::new("no/such/file")).unwrap_err().is_io());
    #[cfg(unix)]
    assert!(load_model(Path::new("/dev/zero")).unwrap_err().is_io());
}
