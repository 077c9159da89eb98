//! Every folder of modules lists them in dependency order, and no module uses one listed after it.
//!
//! The order is that of the `mod` lines of `lib.rs`, `main.rs` or `mod.rs`. Any path in the code is a use: `crate::`,
//! `super::` and `self::`, in `use` lines, in groups, in the middle of a line, and through items that a `mod.rs`
//! re-exports. Tests inside a file are exempt. The Python package has no order, but must have no cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use gmm_tests::root;

/// Crates, with the fewest modules that each must have: fewer mean that this test failed to read them.
const CRATES: &[(&str, usize)] = &[
    ("crates/gmm-kernels", 10),
    ("crates/gmm-core", 14),
    ("crates/gmm-io", 10),
    ("crates/gmm-ffi", 5),
    ("crates/gmm-cli", 10),
    ("crates/gmm-verify", 5),
    ("xtask", 5),
];

/// A module: its code, its children in the order of their `mod` lines, and the origins of its re-exports.
struct Module {
    path: Vec<String>,
    code: String,
    children: Vec<Module>,
    passed_on: BTreeMap<String, String>,
}

impl Module {
    /// The module of a file, whose children are in `folder`.
    fn read(path: Vec<String>, file: &Path, folder: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let code = without_macros(&without_comments(text.split("#[cfg(test)]").next().unwrap()));
        let children = code.lines().filter_map(child_of).map(|name| {
            let path = path.iter().cloned().chain([name.clone()]).collect();
            let own = folder.join(&name);
            let alone = folder.join(format!("{name}.rs"));
            if alone.exists() {
                Module::read(path, &alone, &own)
            } else {
                Module::read(path, &own.join("mod.rs"), &own)
            }
        });
        let children: Vec<Module> = children.collect();
        let mut passed_on = BTreeMap::new();
        for used in paths_of_uses(&code) {
            let own = if used[0] == "self" { &used[1..] } else { &used[..] };
            if let [child, .., item] = own
                && children.iter().any(|known| known.name() == child)
            {
                passed_on.insert(item.clone(), child.clone());
            }
        }
        Module { path, code, children, passed_on }
    }

    fn of_crate(folder: &Path) -> Self {
        let entry =
            ["lib.rs", "main.rs"].map(|name| folder.join(name)).into_iter().find(|path| path.exists());
        Module::read(Vec::new(), &entry.expect("a crate has an entry"), folder)
    }

    fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    fn child(&self, name: &str) -> Option<&Module> {
        self.children.iter().find(|child| child.name() == name)
    }

    /// The module that `path`, relative to this one, leads to, through re-exports.
    fn resolve(&self, path: &[String]) -> &Module {
        let Some(first) = path.first() else { return self };
        if let Some(child) =
            self.child(first).filter(|_| path.len() > 1 || !self.passed_on.contains_key(first))
        {
            return child.resolve(&path[1..]);
        }
        match self.passed_on.get(first).and_then(|child| self.child(child)) {
            Some(child) => child.resolve(path),
            None => self,
        }
    }

    fn all(&self) -> Vec<&Module> {
        std::iter::once(self).chain(self.children.iter().flat_map(Module::all)).collect()
    }
}

fn child_of(line: &str) -> Option<String> {
    let line =
        line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
    Some(line.strip_prefix("mod ")?.strip_suffix(';')?.to_owned())
}

fn without_comments(text: &str) -> String {
    text.lines().map(|line| line.split("//").next().unwrap_or("").to_owned() + "\n").collect()
}

/// The body of a macro is counted where the macro is used.
fn without_macros(code: &str) -> String {
    let Some(at) = code.find("macro_rules!") else { return code.to_owned() };
    let mut depth = 0;
    for (offset, letter) in code[at..].char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 1 => return code[..at].to_owned() + &without_macros(&code[at + offset + 1..]),
            '}' => depth -= 1,
            _ => {}
        }
    }
    code[..at].to_owned()
}

/// Every path of the `use` lines, with groups written out.
fn paths_of_uses(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        let is_word = code[..at].chars().next_back().is_none_or(|before| !before.is_alphanumeric());
        if let (true, Some(end)) = (is_word, code[at..].find(';')) {
            write_out(&code[at + 4..at + end], &[], &mut found);
        }
    }
    found
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d` and `a::c::e`.
fn write_out(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    let (head, group) = tree.split_once('{').map_or((tree, None), |(head, rest)| (head, Some(rest)));
    let parts = head.split("::").map(|part| part.split_whitespace().next().unwrap_or(""));
    let path: Vec<String> =
        before.iter().cloned().chain(parts.filter(|part| !part.is_empty()).map(str::to_owned)).collect();
    let Some(group) = group else {
        if !path.is_empty() {
            found.push(path);
        }
        return;
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in group.char_indices().chain([(group.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !group[start..at].trim().is_empty() {
                    write_out(&group[start..at], &path, found);
                }
                start = (at + 1).min(group.len());
            }
            _ => {}
        }
    }
}

/// Paths in the middle of code that begin at the crate's root or at a parent.
fn paths_of_code(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for beginning in ["crate::", "super::"] {
        for (at, _) in code.match_indices(beginning) {
            let is_begin = code[..at]
                .chars()
                .next_back()
                .is_none_or(|before| !before.is_alphanumeric() && before != ':');
            if is_begin {
                let is_part = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
                let end = code[at..].find(|letter| !is_part(letter)).unwrap_or(code.len() - at);
                let parts = code[at..at + end].split("::").filter(|part| !part.is_empty());
                found.push(parts.map(str::to_owned).collect());
            }
        }
    }
    found
}

/// The modules that a module uses, anywhere in the crate.
fn used_by<'a>(module: &Module, top: &'a Module) -> Vec<&'a Module> {
    let mut used = Vec::new();
    for path in paths_of_uses(&module.code).into_iter().chain(paths_of_code(&module.code)) {
        let n_up = path.iter().take_while(|part| *part == "super").count();
        let target: Vec<String> = match path[0].as_str() {
            "crate" => path[1..].to_vec(),
            "super" if n_up <= module.path.len() => {
                module.path[..module.path.len() - n_up].iter().chain(&path[n_up..]).cloned().collect()
            }
            _ => continue,
        };
        used.push(top.resolve(&target));
    }
    used
}

#[test]
fn modules_only_use_modules_above_them() {
    let mut wrong = Vec::new();
    for (folder, least) in CRATES {
        let top = Module::of_crate(&root().join(folder).join("src"));
        assert!(top.children.len() >= *least, "{folder} has {} modules", top.children.len());
        for parent in top.all() {
            for (level, child) in parent.children.iter().enumerate() {
                for inner in child.all() {
                    for used in used_by(inner, &top) {
                        let below = parent.children[level + 1..]
                            .iter()
                            .find(|below| used.path.starts_with(&below.path));
                        if let Some(below) = below {
                            wrong.push(format!(
                                "{folder}: {} uses {}, which its list names after {}",
                                inner.path.join("::"),
                                below.path.join("::"),
                                child.path.join("::")
                            ));
                        }
                    }
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rooms of gmm-core, the longest chain of them, and the arrows between them: few enough to be drawn.
#[test]
fn the_core_has_few_rooms_and_few_arrows() {
    let top = Module::of_crate(&root().join("crates/gmm-core/src"));
    let rooms: Vec<&str> = top.children.iter().map(Module::name).collect();
    let mut arrows = BTreeSet::new();
    for room in &top.children {
        for inner in room.all() {
            let others = used_by(inner, &top).into_iter().filter_map(|used| used.path.first());
            arrows.extend(others.filter(|to| *to != room.name()).map(|to| (room.name(), to.as_str())));
        }
    }
    let mut levels: BTreeMap<&str, usize> = BTreeMap::new();
    for room in &rooms {
        let below = arrows.iter().filter(|(from, _)| from == room).filter_map(|(_, to)| levels.get(to));
        let level = 1 + below.max().copied().unwrap_or(0);
        levels.insert(room, level);
    }
    let n_levels = levels.values().max().copied().unwrap_or(0);
    let shape = format!("{} rooms, {n_levels} levels, {} arrows", rooms.len(), arrows.len());
    println!("{shape}");
    assert!(rooms.len() <= 16 && n_levels <= 8 && arrows.len() <= 80, "{shape}");
}

#[test]
fn modules_of_the_python_package_have_no_circle() {
    let folder = root().join("bindings/python/python/gmm");
    let mut uses: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in python_files(&folder) {
        let name = path.strip_prefix(&folder).unwrap().with_extension("").to_string_lossy().replace('/', ".");
        uses.insert(name, modules_of_imports(&fs::read_to_string(&path).unwrap()));
    }
    assert!(uses.len() > 10, "{:?}", uses.keys());
    // Modules that use no remaining module are removed; a cycle remains.
    while let Some(free) = uses.iter().find(|(_, used)| used.iter().all(|name| !uses.contains_key(name))) {
        let free = free.0.clone();
        uses.remove(&free);
    }
    assert!(uses.is_empty(), "these use each other: {:?}", uses.keys());
}

fn python_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "py"));
    files.chain(folders.iter().flat_map(|folder| python_files(folder))).collect()
}

/// The modules in `from ._x import y`, `from . import _x, _y` and similar lines, at the top of a file or in a
/// function.
fn modules_of_imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let joined = text.replace("(\n", "(");
    for line in joined.lines().map(str::trim) {
        let Some((from, names)) = line.strip_prefix("from ").and_then(|rest| rest.split_once(" import "))
        else {
            continue;
        };
        let is_own = from.starts_with('.') || from == "gmm" || from.starts_with("gmm.");
        let module = from.trim_start_matches("gmm").trim_start_matches('.');
        if !is_own {
            continue;
        }
        if module.is_empty() {
            let names = names.split('#').next().unwrap().trim_matches(['(', ')']);
            found
                .extend(names.split(',').map(|name| name.split_whitespace().next().unwrap_or("").to_owned()));
        } else {
            found.insert(module.to_owned());
        }
    }
    found
}
