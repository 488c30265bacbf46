//! Compiles `proto/` without protoc, and writes what prost leaves out: a Debug that keeps personal fields to itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, error::Error, fs};

use prost_reflect::{DescriptorPool, FieldDescriptor, MessageDescriptor};
use protox::Compiler;

fn main() -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(out_dir()?);
    let protos = protos_under(Path::new("proto/redress"))?;
    // Not all of proto/: the document there is no source.
    for folder in ["proto/redress", "proto/google"] {
        println!("cargo:rerun-if-changed={folder}");
    }

    let mut compiler = Compiler::new(["proto"])?;
    compiler.include_imports(true).include_source_info(true);
    compiler.open_files(&protos)?;
    let encoded = compiler.encode_file_descriptor_set();
    fs::write(out.join("descriptors.bin"), &encoded)?;

    let pool = DescriptorPool::decode(encoded.as_slice())?;
    let redacting: Vec<MessageDescriptor> = pool
        .all_messages()
        .filter(|message| message.package_name().starts_with("redress."))
        .filter(|message| message.fields().any(|field| is_redacted(&field)))
        .collect();
    fs::write(out.join("redacting_debug.rs"), redacting_debug(&redacting))?;
    fs::write(out.join("debug_of.rs"), debug_of(&pool))?;

    let mut builder = tonic_prost_build::configure().include_file("wire.rs");
    for message in &redacting {
        builder = builder.skip_debug([format!(".{}", message.full_name())]);
        for oneof in redacted_oneofs(message) {
            builder = builder.skip_debug([format!(".{}.{oneof}", message.full_name())]);
        }
    }
    builder.compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script where to write by this variable; there are no settings yet"
)]
fn out_dir() -> Result<String, env::VarError> {
    env::var("OUT_DIR")
}

fn protos_under(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(protos_under(&path)?);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "proto")
        {
            found.push(path.strip_prefix("proto")?.to_owned());
        }
    }
    found.sort();
    Ok(found)
}

fn is_redacted(field: &FieldDescriptor) -> bool {
    field
        .options()
        .get_field_by_name("debug_redact")
        .and_then(|value| value.as_bool())
        .unwrap_or(false)
}

fn redacted_oneofs(message: &MessageDescriptor) -> BTreeSet<String> {
    message
        .fields()
        .filter(is_redacted)
        .filter_map(|field| real_oneof(&field).map(|oneof| oneof.name().to_owned()))
        .collect()
}

/// Gives the oneof of a field; an `optional` field has one of its own that is not in the generated type.
fn real_oneof(field: &FieldDescriptor) -> Option<prost_reflect::OneofDescriptor> {
    field
        .containing_oneof()
        .filter(|oneof| !oneof.is_synthetic())
}

fn redacting_debug(messages: &[MessageDescriptor]) -> String {
    let mut code = String::new();
    for message in messages {
        write_message(&mut code, message);
        for oneof in message
            .oneofs()
            .filter(|oneof| oneof.fields().any(|field| is_redacted(&field)))
        {
            write_oneof(&mut code, message, &oneof);
        }
    }
    code
}

fn write_message(code: &mut String, message: &MessageDescriptor) {
    let name = message.name();
    let path = format!("{}::{name}", module(message));
    let mut fields = String::new();
    for field in message.fields().filter(|field| real_oneof(field).is_none()) {
        write_field(&mut fields, field.name(), is_redacted(&field));
    }
    for oneof in message.oneofs().filter(|oneof| !oneof.is_synthetic()) {
        write_field(&mut fields, oneof.name(), false);
    }
    let _ = write!(
        code,
        "impl ::core::fmt::Debug for {path} {{\n    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
         f.debug_struct(\"{name}\"){fields}.finish()\n    }}\n}}\n"
    );
}

fn write_field(code: &mut String, name: &str, redacted: bool) {
    let _ = if redacted {
        write!(
            code,
            ".field(\"{name}\", &::core::format_args!(\"[redacted]\"))"
        )
    } else {
        write!(code, ".field(\"{name}\", &self.{name})")
    };
}

fn write_oneof(
    code: &mut String,
    message: &MessageDescriptor,
    oneof: &prost_reflect::OneofDescriptor,
) {
    let path = format!(
        "{}::{}::{}",
        module(message),
        snake(message.name()),
        camel(oneof.name())
    );
    let mut arms = String::new();
    for field in oneof.fields() {
        let variant = camel(field.name());
        let _ = if is_redacted(&field) {
            write!(
                arms,
                "Self::{variant}(_) => f.write_str(\"{variant}([redacted])\"),"
            )
        } else {
            write!(
                arms,
                "Self::{variant}(value) => f.debug_tuple(\"{variant}\").field(value).finish(),"
            )
        };
    }
    let _ = write!(
        code,
        "impl ::core::fmt::Debug for {path} {{\n    fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{\n        \
         match self {{ {arms} }}\n    }}\n}}\n"
    );
}

/// Writes a function for the tests: the Debug text of any message, by its full name.
fn debug_of(pool: &DescriptorPool) -> String {
    let mut arms = String::new();
    for message in pool.all_messages() {
        if message.package_name().starts_with("redress.") {
            let path = format!(
                "redress::wire::{}::{}",
                module_path(&message),
                message.name()
            );
            let _ = writeln!(
                arms,
                "        \"{}\" => <{path} as prost::Message>::decode(bytes).map(|m| format!(\"{{m:?}} {{m:#?}}\")).ok(),",
                message.full_name()
            );
        }
    }
    format!(
        "fn debug_of(name: &str, bytes: &[u8]) -> Option<String> {{\n    match name {{\n{arms}        _ => None,\n    }}\n}}\n"
    )
}

fn module(message: &MessageDescriptor) -> String {
    format!("crate::wire::{}", module_path(message))
}

/// Gives the Rust path of a package; `type` is a keyword.
fn module_path(message: &MessageDescriptor) -> String {
    let parts = message.package_name().split('.');
    let parts = parts.map(|part| if part == "type" { "r#type" } else { part });
    parts.collect::<Vec<_>>().join("::")
}

fn camel(name: &str) -> String {
    name.split('_')
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
