//! `include/gmm.h`, written by cbindgen from the C functions themselves, and `include/gmm.cdef.h`, made of it.

use std::fs;

use crate::cdef;
use crate::process::root;

/// Writes both headers.
pub fn write() -> Result<(), String> {
    for (path, text) in generated()? {
        fs::write(root().join(path), text).map_err(|error| format!("cannot write {path}: {error}"))?;
    }
    Ok(())
}

/// Fails when a header is not what [`write()`] would write.
pub fn check() -> Result<(), String> {
    for (path, generated) in generated()? {
        let committed = fs::read_to_string(root().join(path));
        let committed = committed.map_err(|error| format!("cannot read {path}: {error}"))?;
        let differs = committed.lines().zip(generated.lines()).position(|(old, new)| old != new);
        let stale = match differs {
            None if committed == generated => continue,
            None => "its length differs".to_owned(),
            Some(line) => format!("line {} differs", line + 1),
        };
        return Err(format!("{path} is stale: {stale}; run `cargo xtask headers`"));
    }
    Ok(())
}

/// Each header by its path from the root.
fn generated() -> Result<[(&'static str, String); 2], String> {
    let header = header()?;
    let declarations = cdef::of(&header);
    Ok([("include/gmm.h", header), ("include/gmm.cdef.h", declarations)])
}

fn header() -> Result<String, String> {
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
    // cbindgen closes `extern "C"` with comments that C90 does not have.
    for line in &mut lines {
        *line = line
            .replace("// __cplusplus", "/* __cplusplus */")
            .replace("// extern \"C\"", "/* extern \"C\" */");
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
    fn the_committed_headers_are_the_generated_ones() {
        super::check().unwrap();
    }
}
