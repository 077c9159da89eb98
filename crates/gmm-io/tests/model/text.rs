//! Names of features and other metadata.

use super::*;

/// A mixture with names of its features, and text with all characters that JSON may escape.
fn model_with_text() -> Model {
    let mut model = Model::new(mixture());
    model.feature_names = Some(vec!["petal \"length\"\n".into(), "".into()]);
    for (key, value) in [("threshold", "29.7"), ("\u{1}clé\\", "line\nline\t\u{1f980}"), ("a", "")] {
        model.metadata.insert(key.into(), value.into());
    }
    model
}

#[test]
fn names_and_text_come_back_as_they_were_and_are_kept_when_a_file_is_rewritten() {
    let (directory, path) = saved();
    let model = model_with_text();
    model.save(&path).unwrap();
    assert_eq!(Model::load(&path).unwrap(), model);
    assert_eq!(load_model(&path).unwrap(), mixture());
    let again = directory.path().join("again");
    Model::load(&path).unwrap().save(&again).unwrap();
    assert_eq!(fs::read(&again).unwrap(), fs::read(&path).unwrap());
    let text = read_metadata(&path).unwrap();
    assert_eq!(
        text.keys().map(String::as_str).collect::<Vec<_>>(),
        ["\u{1}clé\\", "a", "feature_names", "gmm", "threshold"]
    );
    assert_eq!(text["gmm"], "format=1 covariance_type=full");
    assert_eq!(text["feature_names"], r#"["petal \"length\"\n",""]"#);
}

#[test]
fn a_file_without_names_is_as_it_was_before_there_were_names() {
    let (_directory, path) = saved();
    let model = Model::load(&path).unwrap();
    assert_eq!((model.feature_names, model.metadata.len()), (None, 0));
    let bytes = fs::read(&path).unwrap();
    Model::new(mixture()).save(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

/// docs/model-file.md promises the order of keys, and a header with a multiple of 8 bytes.
#[test]
fn text_stands_in_the_documented_order_whatever_order_it_came_in() {
    let (_directory, path) = saved();
    let mut model = Model::new(mixture());
    for (key, value) in [("b", "2"), ("feature_names", r#"["x","y"]"#), ("a", "1")] {
        model.set(key, value).unwrap();
    }
    model.save(&path).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert!(bytes[8..].starts_with(
        br#"{"__metadata__":{"gmm":"format=1 covariance_type=full","feature_names":"[\"x\",\"y\"]","a":"1","b":"2"},"#
    ));
    assert_eq!(bytes[0] % 8, 0);
}

#[test]
fn text_that_a_file_does_not_take_is_refused_and_nothing_is_written() {
    let (directory, path) = saved();
    let before = fs::read(&path).unwrap();
    let list = "the value must be a JSON list of 2 strings, one for each feature";
    for (key, value, reason) in [
        ("", "x", "a key must not be empty"),
        ("gmm", "x", "it is reserved for the format of the file; choose another key"),
        ("feature_names", "x,y", list),
        ("feature_names", r#"["x"]"#, list),
        ("feature_names", r#"["x",2]"#, list),
        ("there", "x", "it is given twice; pass each key once"),
    ] {
        let mut model = Model::new(mixture());
        model.set("there", "1").unwrap();
        let refused = model.set(key, value).unwrap_err();
        assert_eq!(refused.to_string(), format!("the metadata '{key}' cannot be stored: {reason}"));
    }
    for (names, key, reason) in [
        (
            3,
            "ok",
            "the metadata 'feature_names' cannot be stored: there are 3 names for 2 features; write one for each",
        ),
        (
            2,
            "gmm",
            "the metadata 'gmm' cannot be stored: it is reserved for the format of the file; choose another key",
        ),
        (
            2,
            "feature_names",
            "the metadata 'feature_names' cannot be stored: set the names of features by their own field",
        ),
    ] {
        let mut model = Model::new(mixture());
        model.feature_names = Some(vec!["x".into(); names]);
        model.metadata.insert(key.into(), "1".into());
        assert_eq!(model.save(&path).unwrap_err().to_string(), reason);
    }
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn names_that_are_not_those_of_the_features_are_refused() {
    let (_directory, path) = saved();
    for (from, to, why) in [
        (r#"[\"x\",\"y\"]"#, r#"[\"x\"    ]"#, "it has 1 'feature_names' and 2 features"),
        (r#"[\"x\",\"y\"]"#, r#"x, y and so"#, "its 'feature_names' are not a JSON list of strings"),
    ] {
        let mut model = Model::new(mixture());
        model.set("feature_names", r#"["x","y"]"#).unwrap();
        model.save(&path).unwrap();
        assert_eq!(from.len(), 13);
        patched(&path, from, &format!("{to:<13}"));
        assert_eq!(refusal(&path), format!("FILE: not a model that this version reads: {why}"));
    }
}

#[test]
fn text_is_not_read_of_a_file_that_is_no_model() {
    let (_directory, path) = saved();
    let bytes = fs::read(&path).unwrap();
    for cut in [0, 7, 8, 100, bytes.len() - 1] {
        fs::write(&path, &bytes[..cut]).unwrap();
        assert!(matches!(read_metadata(&path), Err(Error::BadModel { .. })), "{cut} bytes");
    }
    fs::write(&path, [&24_u64.to_le_bytes()[..], br#"{"__metadata__":{"a":""}}"#].concat()).unwrap();
    assert!(matches!(read_metadata(&path), Err(Error::BadModel { .. })));
    assert!(read_metadata(Path::new("no/such/file")).unwrap_err().is_io());
}
