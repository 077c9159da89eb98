//! `include/gmm.cdef.h`: the declarations of `include/gmm.h` for parsers without a preprocessor.
//!
//! cffi, LuaJIT and PHP read C declarations, but not `#define`, `#include` or `extern "C"`. Constants become an
//! enumeration. Macros with arguments are left out, and so are comments; see `gmm.h` for them.

const HEAD: &str = "\
/* gmm without a preprocessor: what ffi.cdef of cffi and LuaJIT and FFI::cdef of PHP read.
 *
 * Generated from include/gmm.h, which documents everything, by `cargo xtask headers`. Do not edit.
 */
";

/// The declarations of a header.
pub fn of(header: &str) -> String {
    let mut text = HEAD.to_owned();
    let constants = constants(header);
    if !constants.is_empty() {
        text += "enum {\n";
        constants.iter().for_each(|(name, value)| text += &format!("    {name} = {value},\n"));
        text += "};\n";
    }
    let code = without_comments(header).replace("\\\n", " ");
    let mut in_extern_c = false;
    for line in code.lines().map(str::trim_end) {
        // A function-like macro is one line here, because continued lines were joined above.
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line.starts_with("extern \"C\"") {
            in_extern_c = true;
        } else if !(in_extern_c && line == "}") {
            text += line;
            text += "\n";
        }
    }
    text
}

/// The names that a header gives to whole numbers, with the numbers.
pub fn constants(header: &str) -> Vec<(&str, i32)> {
    let defined = header.lines().filter_map(|line| line.strip_prefix("#define "));
    defined
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, value)| Some((name, value.trim().parse().ok()?)))
        .collect()
}

/// A header without its C90 comments.
pub fn without_comments(header: &str) -> String {
    let mut code = String::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("/*") {
        code += before;
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    code + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_stay_and_what_a_preprocessor_reads_goes() {
        let header = "/* head */\n#ifndef GMM_H\n#define GMM_H\n#include <stddef.h>\n/**\n * a */\n\
                      typedef struct gmm_s {\n    int32_t a; /* b */\n} gmm_s;\n#define GMM_OK 0\n#define GMM_NO -1\n\
                      #ifdef __cplusplus\nextern \"C\" {\n#endif /* __cplusplus */\n\
                      int32_t gmm_f(const struct gmm_s *s,\n              size_t n);\n\
                      #ifdef __cplusplus\n}  /* extern \"C\" */\n#endif\n#define gmm_f(s) \\\n    (gmm_f)((s), 1)\n#endif\n";
        let expected = "enum {\n    GMM_OK = 0,\n    GMM_NO = -1,\n};\n\
                        typedef struct gmm_s {\n    int32_t a;\n} gmm_s;\n\
                        int32_t gmm_f(const struct gmm_s *s,\n              size_t n);\n";
        assert_eq!(of(header), HEAD.to_owned() + expected);
    }
}
