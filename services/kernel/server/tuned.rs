//! What every generated server is told: gzip in both directions, and the largest message.

/// A generated server whose compression and message sizes can be set; [`tuned!`] makes one of it.
pub trait Tuned {
    /// Takes and sends gzip, and no message of more than `largest` bytes either way.
    #[must_use]
    fn tuned(self, largest: usize) -> Self;
}

/// Says of generated servers that they can be tuned.
macro_rules! tuned {
    ($($server:ident),+ $(,)?) => {$(
        impl<T> $crate::kernel::server::Tuned for $server<T> {
            fn tuned(self, largest: usize) -> Self {
                self.accept_compressed(tonic::codec::CompressionEncoding::Gzip)
                    .send_compressed(tonic::codec::CompressionEncoding::Gzip)
                    .max_decoding_message_size(largest)
                    .max_encoding_message_size(largest)
            }
        }
    )+};
}

pub(crate) use tuned;
