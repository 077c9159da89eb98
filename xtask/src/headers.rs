//! `include/gmm.h`, written by cbindgen from the C functions themselves.

use std::fs;
use std::path::PathBuf;

use crate::process::root;

/// Writes the header.
pub fn write() -> Result<(), String> {
    fs::write(path(), generate()?).map_err(|error| format!("cannot write {}: {error}", path().display()))
}

/// Fails when the header is not what [`write()`] would write.
pub fn check() -> Result<(), String> {
    let committed =
        fs::read_to_string(path()).map_err(|error| format!("cannot read {}: {error}", path().display()))?;
    let generated = generate()?;
    match committed.lines().zip(generated.lines()).position(|(old, new)| old != new) {
        None if committed == generated => Ok(()),
        None => Err("include/gmm.h is stale: its length differs; run `cargo xtask headers`".into()),
        Some(line) => {
            Err(format!("include/gmm.h is stale from line {}; run `cargo xtask headers`", line + 1))
        }
    }
}

fn path() -> PathBuf {
    root().join("include/gmm.h")
}

fn generate() -> Result<String, String> {
    let source = root().join("crates/gmm-ffi");
    let config = cbindgen::Config::from_file(source.join("cbindgen.toml"))?;
    let bindings = cbindgen::Builder::new()
        .with_config(config)
        .with_crate(&source)
        .generate()
        .map_err(|error| error.to_string())?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(|error| error.to_string())?;
    // In Rust this heading is what an unsafe function must have; in C it is simply the contract.
    let text = text.replace("# Safety\n *\n", "The caller promises:\n *\n");
    // Fences tell rustdoc that a formula is no code; a header has no use for them.
    let mut fenced = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        match line.strip_prefix(" * ") {
            Some("```text" | "```") => fenced = !fenced,
            Some(formula) if fenced => lines.push(format!(" *     {formula}")),
            _ => lines.push(line.to_owned()),
        }
    }
    // cbindgen closes the include guard before the trailer.
    let guard = "#endif  /* GMM_H */";
    lines.retain(|line| line != guard);
    Ok(lines.join("\n") + "\n\n" + guard + "\n")
}

#[cfg(test)]
mod tests {
    /// A header that says something else than the library does is worse than none.
    #[test]
    fn the_committed_header_is_the_generated_one() {
        super::check().unwrap();
    }
}
