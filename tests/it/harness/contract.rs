//! The contract as the services serve it: messages and methods of the descriptor set.

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};

use super::processes::Service;

/// Decodes the descriptor set that reflection serves.
pub fn pool() -> DescriptorPool {
    DescriptorPool::decode(redress::wire::DESCRIPTORS).expect("the descriptor set decodes")
}

/// Every message of our own packages.
pub fn messages() -> impl Iterator<Item = MessageDescriptor> {
    let messages: Vec<_> = pool().all_messages().collect();
    messages
        .into_iter()
        .filter(|message| message.package_name().starts_with("redress."))
}

/// Every method of our own packages.
pub fn methods() -> impl Iterator<Item = MethodDescriptor> {
    let services: Vec<_> = pool().services().collect();
    services
        .into_iter()
        .filter(|service| service.package_name().starts_with("redress."))
        .flat_map(|service| service.methods().collect::<Vec<_>>())
}

/// Which process serves a method.
pub fn server_of(method: &MethodDescriptor) -> Service {
    match method.parent_service().package_name() {
        "redress.identity.v1" => Service::Identity,
        "redress.enrollment.v1" => Service::Codes,
        "redress.handoff.v1" => Service::Handoff,
        "redress.bureau.v1" | "redress.sandbox.v1" => Service::Bureau,
        package => panic!("nobody serves {package}"),
    }
}

/// The comment above a method.
pub fn comment(method: &MethodDescriptor) -> String {
    let file = method.parent_file();
    let proto = file.file_descriptor_proto();
    let info = proto.source_code_info.as_ref().expect("source info");
    let place = info
        .location
        .iter()
        .find(|place| place.path == method.path());
    place
        .map(|place| place.leading_comments().trim().to_owned())
        .unwrap_or_default()
}
