//! Kinds of fields in a text: a number, a mark for a missing value, a damaged number, or a word.

use crate::options::Decimal;

/// Marks for missing values; they never make a line one of names.
const MISSING: [&str; 33] = [
    "",
    "?",
    "-",
    "--",
    "---",
    ".",
    "..",
    "...",
    "*",
    "na",
    "n/a",
    "n.a.",
    "<na>",
    "nd",
    "n.d.",
    "nat",
    "nil",
    "null",
    "(null)",
    "none",
    "missing",
    "undefined",
    "undef",
    "\\n",
    "nan",
    "-nan",
    "+nan",
    "nan(ind)",
    "-nan(ind)",
    "1.#qnan",
    "1.#ind",
    "-1.#ind",
    "1.#inf",
];

/// Error marks of spreadsheets that end in neither `!` nor `?`.
const ERRORS: [&str; 7] = ["#n/a", "#na", "#nv", "#n/d", "#nd", "#n/v", "#getting_data"];

/// What a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A finite number.
    Number,
    /// A mark for a missing number, a NaN or an infinity.
    Missing,
    /// Text that begins as a number does but is not one, as in `3%`, `1_000` and `12 kg`.
    Damaged,
    /// Anything else.
    Word,
}

pub(super) fn kind(field: &[u8], decimal: Decimal) -> Kind {
    if number(field, decimal).is_some() {
        return Kind::Number;
    }
    let text = lossy(field);
    if is_missing(&text) || text.parse::<f64>().is_ok_and(|value| !value.is_finite()) {
        return Kind::Missing;
    }
    let digits = text.trim_start_matches(|c: char| "+-\u{2212}$€£¥~<>=≤≥≈±(' ".contains(c));
    let digits = digits.strip_prefix(['.', ',']).unwrap_or(digits);
    if digits.starts_with(|c: char| c.is_ascii_digit()) { Kind::Damaged } else { Kind::Word }
}

/// The finite number in `field`, if it is one.
pub(super) fn number(field: &[u8], decimal: Decimal) -> Option<f64> {
    let text = std::str::from_utf8(field.trim_ascii()).ok()?;
    let value = match decimal {
        Decimal::Point => text.parse().ok().or_else(|| fortran(text)),
        // A point in a number with a decimal comma separates thousands, or is a mistake.
        Decimal::Comma if text.contains('.') => None,
        Decimal::Comma => {
            let text = text.replacen(',', ".", 1);
            text.parse().ok().or_else(|| fortran(&text))
        }
    };
    value.filter(|value: &f64| value.is_finite())
}

/// A number whose exponent begins with `D`, as Fortran writes doubles.
#[cold]
fn fortran(text: &str) -> Option<f64> {
    let (digits, exponent) = text.split_once(['d', 'D'])?;
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.".contains(&byte));
    match plain(digits) && plain(exponent) {
        true => format!("{digits}e{exponent}").parse().ok(),
        false => None,
    }
}

/// Digits, one comma, digits: a decimal comma, as many countries write it.
pub(super) fn has_decimal_comma(field: &[u8]) -> bool {
    let text = lossy(field);
    let Some((before, after)) = text.split_once(',') else { return false };
    let whole = before.trim_start_matches(['+', '-']);
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole)
        && after.starts_with(|c: char| c.is_ascii_digit())
        && format!("{before}.{after}").parse::<f64>().is_ok()
}

pub(super) fn is_missing(text: &str) -> bool {
    let text = text.trim();
    MISSING.iter().any(|mark| text.eq_ignore_ascii_case(mark)) || is_error_mark(text)
}

/// The mark that a spreadsheet writes for a formula without a value, in any language: `#N/A`, `#DIV/0!`, `#NOM?`, or
/// `####` where the column is too narrow.
pub(super) fn is_error_mark(text: &str) -> bool {
    let Some(rest) = text.strip_prefix('#') else { return false };
    if ERRORS.iter().any(|mark| text.eq_ignore_ascii_case(mark)) {
        return true;
    }
    let is_code = |c: char| c.is_uppercase() || c.is_ascii_digit() || "/_.".contains(c);
    match rest.strip_suffix(['!', '?']) {
        Some(code) => !code.is_empty() && code.chars().count() <= 20 && code.chars().all(is_code),
        None => rest.len() >= 2 && rest.bytes().all(|byte| byte == b'#'),
    }
}

pub(super) fn lossy(field: &[u8]) -> String {
    String::from_utf8_lossy(field.trim_ascii()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_is_missing_and_not_a_word() {
        for text in [
            "",
            ".",
            "#N/A",
            "#NV",
            "#REF!",
            "#DIV/0!",
            "#VALUE!",
            "#NAME?",
            "#NUM!",
            "#NULL!",
            "#BEZUG!",
            "#NOM?",
            "#ZAHL!",
            "#ИМЯ?",
            "####",
            "#n/a",
            "--",
            "<NA>",
            "missing",
            "-nan(ind)",
            "NaN",
            "inf",
            "-Infinity",
            "1e999",
            "\\N",
            "1.#QNAN",
        ] {
            assert_eq!(kind(text.as_bytes(), Decimal::Point), Kind::Missing, "{text}");
        }
        for text in ["3%", "1_000", "12 kg", "$5", "1,5", "2nd", "(3)", "−3.5", "1.0D", "0x1F", "1-2"] {
            assert_eq!(kind(text.as_bytes(), Decimal::Point), Kind::Damaged, "{text}");
        }
        for text in ["x", "D0", "# a", "#1", "petal length", "e5", "No.", "#x!"] {
            assert_eq!(kind(text.as_bytes(), Decimal::Point), Kind::Word, "{text}");
        }
    }

    #[test]
    fn numbers_of_fortran_and_with_a_comma_are_read() {
        for (text, decimal, value) in [
            ("1.0D0", Decimal::Point, Some(1.0)),
            ("-2.5d-3", Decimal::Point, Some(-0.0025)),
            ("+.5D+01", Decimal::Point, Some(5.0)),
            ("0,5", Decimal::Comma, Some(0.5)),
            ("-0,765", Decimal::Comma, Some(-0.765)),
            ("1,5D2", Decimal::Comma, Some(150.0)),
            ("7", Decimal::Comma, Some(7.0)),
            ("1.5", Decimal::Comma, None),
            ("1,2,3", Decimal::Comma, None),
            ("0,5", Decimal::Point, None),
            ("infD0", Decimal::Point, None),
            ("1D2D3", Decimal::Point, None),
            ("1D999", Decimal::Point, None),
        ] {
            assert_eq!(number(text.as_bytes(), decimal), value, "{text}");
        }
        for (text, found) in
            [("9,288", true), ("-0,765", true), ("1,5e3", true), (",5", true), ("1,", false), ("a,5", false)]
        {
            assert_eq!(has_decimal_comma(text.as_bytes()), found, "{text}");
        }
    }
}
