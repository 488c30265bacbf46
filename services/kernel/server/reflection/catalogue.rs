//! What a process tells about its services: files by their name, by what is declared in them and by what they extend.

use std::collections::{BTreeMap, BTreeSet};

use prost::{DecodeError, Message};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    OneofDescriptorProto,
};

/// A descriptor set whose files are not decoded.
#[derive(Clone, PartialEq, Message)]
struct Files {
    #[prost(bytes = "vec", repeated, tag = "1")]
    file: Vec<Vec<u8>>,
}

/// A file as it was compiled, and what is to be found out about it.
struct File {
    bytes: Vec<u8>,
    imports: Vec<String>,
    services: Vec<String>,
    symbols: BTreeSet<String>,
    /// The extended message and the number, of every extension.
    extensions: Vec<(String, i32)>,
}

/// The files of one process.
pub(in crate::kernel::server) struct Catalogue {
    services: BTreeSet<String>,
    files: BTreeMap<String, File>,
    /// The file of every symbol.
    symbols: BTreeMap<String, String>,
    /// The file of every extension.
    extensions: BTreeMap<(String, i32), String>,
}

impl Catalogue {
    /// Gathers the files of these services and these details of errors from descriptor sets, with all that they import.
    pub(in crate::kernel::server) fn new(
        sets: &[&[u8]],
        services: &[&str],
        roots: &[&str],
    ) -> Result<Self, DecodeError> {
        let mut known = BTreeMap::new();
        for set in sets {
            for bytes in Files::decode(*set)?.file {
                let (name, file) = read(bytes)?;
                known.entry(name).or_insert(file);
            }
        }
        let services: BTreeSet<String> = services.iter().map(ToString::to_string).collect();
        let serves = |file: &File| file.services.iter().any(|name| services.contains(name));
        let wanted = known.iter().filter(|(_, file)| serves(file));
        let mut wanted: Vec<String> = wanted.map(|(name, _)| name.clone()).collect();
        wanted.extend(roots.iter().map(ToString::to_string));
        let mut catalogue = Self {
            services,
            files: BTreeMap::new(),
            symbols: BTreeMap::new(),
            extensions: BTreeMap::new(),
        };
        while let Some(name) = wanted.pop() {
            if let Some(file) = known.remove(&name) {
                wanted.extend(file.imports.iter().cloned());
                catalogue.add(name, file);
            }
        }
        Ok(catalogue)
    }

    fn add(&mut self, name: String, file: File) {
        for symbol in &file.symbols {
            self.symbols.insert(symbol.clone(), name.clone());
        }
        for extension in &file.extensions {
            self.extensions.insert(extension.clone(), name.clone());
        }
        self.files.insert(name, file);
    }

    pub(super) fn services(&self) -> Vec<String> {
        self.services.iter().cloned().collect()
    }

    pub(super) fn file(&self, name: &str) -> Option<&Vec<u8>> {
        self.files.get(name).map(|file| &file.bytes)
    }

    pub(super) fn file_of_symbol(&self, symbol: &str) -> Option<&Vec<u8>> {
        self.file(self.symbols.get(symbol)?)
    }

    pub(super) fn file_of_extension(&self, message: &str, number: i32) -> Option<&Vec<u8>> {
        self.file(self.extensions.get(&(message.to_owned(), number))?)
    }

    /// Gives the numbers of a message's extensions; nothing where there is no such message.
    pub(super) fn extensions(&self, message: &str) -> Option<Vec<i32>> {
        self.symbols.get(message)?;
        let all = self.extensions.keys();
        let own = all.filter(|(extended, _)| extended == message);
        Some(own.map(|(_, number)| *number).collect())
    }
}

fn read(bytes: Vec<u8>) -> Result<(String, File), DecodeError> {
    let proto = FileDescriptorProto::decode(bytes.as_slice())?;
    let package = proto.package().to_owned();
    let mut found = Found::default();
    found.extensions(&package, &proto.extension);
    for message in &proto.message_type {
        found.message(&package, message);
    }
    for kind in &proto.enum_type {
        found.kind(&package, kind);
    }
    let mut services = Vec::new();
    for service in &proto.service {
        let name = join(&package, service.name());
        for method in &service.method {
            found.symbols.insert(join(&name, method.name()));
        }
        found.symbols.insert(name.clone());
        services.push(name);
    }
    let name = proto.name().to_owned();
    let file = File {
        bytes,
        imports: proto.dependency,
        services,
        symbols: found.symbols,
        extensions: found.extensions,
    };
    Ok((name, file))
}

/// What is declared in a file.
#[derive(Default)]
struct Found {
    symbols: BTreeSet<String>,
    extensions: Vec<(String, i32)>,
}

impl Found {
    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = join(scope, message.name());
        let fields = message.field.iter().map(FieldDescriptorProto::name);
        let oneofs = message.oneof_decl.iter().map(OneofDescriptorProto::name);
        for part in fields.chain(oneofs) {
            self.symbols.insert(join(&name, part));
        }
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
        for kind in &message.enum_type {
            self.kind(&name, kind);
        }
        self.extensions(&name, &message.extension);
        self.symbols.insert(name);
    }

    /// The values of an enum stand beside it, not within it.
    fn kind(&mut self, scope: &str, kind: &EnumDescriptorProto) {
        self.symbols.insert(join(scope, kind.name()));
        for value in &kind.value {
            self.symbols.insert(join(scope, value.name()));
        }
    }

    fn extensions(&mut self, scope: &str, extensions: &[FieldDescriptorProto]) {
        for extension in extensions {
            self.symbols.insert(join(scope, extension.name()));
            let extended = extension.extendee().trim_start_matches('.').to_owned();
            self.extensions.push((extended, extension.number()));
        }
    }
}

fn join(scope: &str, name: &str) -> String {
    if scope.is_empty() {
        return name.to_owned();
    }
    format!("{scope}.{name}")
}
