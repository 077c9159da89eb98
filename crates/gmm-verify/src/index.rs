//! An entry of an index file: a JSON value with the path that led to it, and the arrays that it lists.
//!
//! Every accessor panics with that path: the indices are committed, so a missing field or one of another type is a
//! mistake in the repository. The meaning of the fields is in `golden.rs`.

use crate::npy;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One array of a case: `values` in C order.
#[derive(Clone, Debug)]
pub struct Array {
    /// Lengths of the dimensions, outermost first.
    pub shape: Vec<usize>,
    /// The elements; their number is the product of `shape`.
    pub values: Vec<f64>,
}

/// The values of the array `name`; panics with the name of the case if it has none.
pub fn values_of<'a>(arrays: &'a BTreeMap<String, Array>, case: &str, name: &str) -> &'a [f64] {
    &arrays.get(name).unwrap_or_else(|| panic!("{case} has no array {name}")).values
}

/// A value of an index and the path of keys that led to it.
pub struct Entry {
    value: Value,
    /// `index.json: cases 3: tol`.
    pub place: String,
}

impl Entry {
    /// The whole of the index `dir/name`.
    pub fn of_file(dir: &Path, name: &str) -> Entry {
        let path = dir.join(name);
        let place = path.display().to_string();
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{place}: {error}"));
        let value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        Entry { value, place }
    }

    /// The field `key`, or nothing if it is absent.
    pub fn find(&self, key: &str) -> Option<Entry> {
        let value = self.value.get(key)?.clone();
        Some(Entry { value, place: format!("{}: {key}", self.place) })
    }

    /// The field `key`.
    pub fn get(&self, key: &str) -> Entry {
        self.find(key).unwrap_or_else(|| panic!("{}: no field {key}", self.place))
    }

    /// The fields of an object.
    pub fn fields(&self) -> Vec<(String, Entry)> {
        let fields = self.expect("an object", Value::as_object);
        fields.keys().map(|key| (key.clone(), self.get(key))).collect()
    }

    /// The elements of a list.
    pub fn list(&self) -> Vec<Entry> {
        let elements = self.expect("a list", Value::as_array).iter().enumerate();
        elements
            .map(|(i, value)| Entry { value: value.clone(), place: format!("{}: {i}", self.place) })
            .collect()
    }

    /// A string.
    pub fn text(&self) -> String {
        self.expect("a string", Value::as_str).to_string()
    }

    /// A finite number.
    pub fn number(&self) -> f64 {
        self.expect("a number", Value::as_f64)
    }

    /// A number of things.
    pub fn count(&self) -> usize {
        self.expect("a count", |value| value.as_u64().and_then(|count| usize::try_from(count).ok()))
    }

    /// True or false.
    pub fn flag(&self) -> bool {
        self.expect("true or false", Value::as_bool)
    }

    /// A list of names, as any collection.
    pub fn texts<C: FromIterator<String>>(&self) -> C {
        self.list().iter().map(Entry::text).collect()
    }

    /// The lengths of an array's dimensions.
    pub fn shape(&self) -> Vec<usize> {
        self.get("shape").list().iter().map(Entry::count).collect()
    }

    /// The numbers of the file that the field `file` names.
    pub fn numbers(&self, dir: &Path) -> Vec<f64> {
        npy::read(&dir.join(self.get("file").text())).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The field `arrays`, cut out of the numbers of the field `file`.
    pub fn arrays(&self, dir: &Path) -> BTreeMap<String, Array> {
        let numbers = self.numbers(dir);
        let arrays = self.get("arrays").fields().into_iter();
        arrays
            .map(|(name, entry)| {
                let (offset, shape) = (entry.get("offset").count(), entry.shape());
                let values = shape
                    .iter()
                    .try_fold(1, |len: usize, &side| len.checked_mul(side))
                    .and_then(|len| numbers.get(offset..offset.checked_add(len)?))
                    .unwrap_or_else(|| panic!("{}: reaches past {} numbers", entry.place, numbers.len()))
                    .to_vec();
                (name, Array { shape, values })
            })
            .collect()
    }

    fn expect<'a, T>(&'a self, what: &str, read: impl Fn(&'a Value) -> Option<T>) -> T {
        read(&self.value).unwrap_or_else(|| panic!("{}: not {what}", self.place))
    }
}
