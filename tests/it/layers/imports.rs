//! Which file imports which: the paths of a source file, followed to the files that they lead to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;
use syn::{Item, UseTree};

/// Every file below `services/` by its module path, as in `codes::batch::seal`, with the modules that it imports.
pub struct Imports(BTreeMap<String, BTreeSet<String>>);

impl Imports {
    /// Reads all sources. Their unit tests do not count.
    pub fn read(root: &Path, files: &[PathBuf]) -> Self {
        let modules: BTreeMap<String, &PathBuf> = files
            .iter()
            .filter(|path| !path.ends_with("main.rs"))
            .map(|path| (module_of(path), path))
            .collect();
        let known: BTreeSet<&str> = modules.keys().map(String::as_str).collect();
        let edges = modules.iter().map(|(module, path)| {
            let text = std::fs::read_to_string(root.join(path)).expect("a source file");
            (module.clone(), imported(&text, module, &known))
        });
        Self(edges.collect())
    }

    /// The files that import each other in a circle, one list a circle.
    pub fn circles(&self) -> Vec<Vec<&str>> {
        let reached: BTreeMap<&str, BTreeSet<&str>> = self
            .0
            .keys()
            .map(|from| (from.as_str(), self.reached_from(from)))
            .collect();
        let mut circles: BTreeSet<Vec<&str>> = BTreeSet::new();
        for (from, to) in &reached {
            let circle: Vec<&str> = to
                .iter()
                .copied()
                .filter(|other| reached[other].contains(from))
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    fn reached_from(&self, from: &str) -> BTreeSet<&str> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<&str> = self.0[from].iter().map(String::as_str).collect();
        while let Some(next) = open.pop() {
            if reached.insert(next) {
                open.extend(self.0[next].iter().map(String::as_str));
            }
        }
        reached
    }
}

/// `services/codes/batch/mod.rs` is `codes::batch`.
fn module_of(path: &Path) -> String {
    let inner = path.strip_prefix("services").expect("a source file");
    let mut names: Vec<String> = inner
        .with_extension("")
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if names
        .last()
        .is_some_and(|name| name == "mod" || name == "lib")
    {
        names.pop();
    }
    names.join("::")
}

/// The modules that a file's paths lead to, itself left out. A path leads to the longest known module that it begins with.
fn imported(text: &str, module: &str, known: &BTreeSet<&str>) -> BTreeSet<String> {
    let mut file = syn::parse_file(text).expect("Rust");
    file.items.retain(|item| !is_tests(item));
    let mut paths = Paths::default();
    paths.visit_file(&file);
    let absolute = |path: &[String]| -> Option<Vec<String>> {
        let mut base: Vec<String> = module.split("::").map(str::to_owned).collect();
        let mut rest = path;
        match path.first()?.as_str() {
            "crate" => (base, rest) = (Vec::new(), &path[1..]),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            first if known.contains(format!("{module}::{first}").as_str()) => {}
            _ => return None,
        }
        base.extend_from_slice(rest);
        Some(base)
    };
    let names: BTreeMap<String, Vec<String>> = paths
        .uses
        .iter()
        .filter_map(|(path, name)| Some((name.clone(), absolute(path)?)))
        .collect();
    let followed = paths.inline.iter().filter_map(|path| {
        let mut whole = names.get(path.first()?)?.clone();
        whole.extend_from_slice(&path[1..]);
        Some(whole)
    });
    let direct = paths.uses.iter().map(|(path, _)| path).chain(&paths.inline);
    let all = direct.filter_map(|path| absolute(path)).chain(followed);
    all.filter_map(|path| longest(&path, known))
        .filter(|to| to != module && !to.is_empty())
        .collect()
}

fn longest(path: &[String], known: &BTreeSet<&str>) -> Option<String> {
    (1..=path.len())
        .rev()
        .map(|length| path[..length].join("::"))
        .find(|module| known.contains(module.as_str()))
}

fn is_tests(item: &Item) -> bool {
    let Item::Mod(module) = item else {
        return false;
    };
    module
        .attrs
        .iter()
        .any(|attribute| attribute.path().is_ident("cfg"))
}

/// The paths of a file: those of `use`, each with the name that it brings, and those of two and more names elsewhere.
#[derive(Default)]
struct Paths {
    uses: Vec<(Vec<String>, String)>,
    inline: Vec<Vec<String>>,
}

impl Paths {
    fn flatten(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.flatten(&with(path.ident.to_string()), &path.tree),
            UseTree::Name(name) if name.ident == "self" => {
                let last = before.last().cloned().unwrap_or_default();
                self.uses.push((before.to_vec(), last));
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                self.uses.push((with(name.clone()), name));
            }
            UseTree::Rename(renamed) => {
                let path = with(renamed.ident.to_string());
                self.uses.push((path, renamed.rename.to_string()));
            }
            UseTree::Glob(_) => self.uses.push((before.to_vec(), String::new())),
            UseTree::Group(group) => group
                .items
                .iter()
                .for_each(|tree| self.flatten(before, tree)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // What a module only passes on it does not import.
        if matches!(item.vis, syn::Visibility::Inherited) {
            self.flatten(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let names = path
                .segments
                .iter()
                .map(|segment| segment.ident.to_string());
            self.inline.push(names.collect());
        }
        syn::visit::visit_path(self, path);
    }
}
