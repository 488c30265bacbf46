//! The contract as the services serve it: messages and methods of the descriptor set.

use prost_reflect::{DescriptorPool, MessageDescriptor, MethodDescriptor};

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
