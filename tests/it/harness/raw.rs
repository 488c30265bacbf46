//! Calls by path with bytes: any method, any message, also ones that no generated client would send.

use std::time::Duration;

use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Bytes;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Request, Status};

/// How long a raw call may take; also the deadline that it sends.
const LIMIT: Duration = Duration::from_secs(10);

/// Calls a method with these messages and gives at most `take` answers, or the error.
///
/// On the wire a unary call is a stream of one, so every kind of method is called the same way.
pub async fn call(
    channel: &Channel,
    path: &str,
    metadata: &MetadataMap,
    messages: Vec<Vec<u8>>,
    take: usize,
) -> Result<Vec<Vec<u8>>, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(format!("no connection: {error}")))?;
    let mut request = Request::new(tokio_stream::iter(messages));
    *request.metadata_mut() = metadata.clone();
    request.set_timeout(LIMIT);
    let path = path.parse().expect("a method path");
    let answers = grpc.streaming(request, path, Raw);
    let answers = tokio::time::timeout(LIMIT, answers)
        .await
        .map_err(|_| Status::deadline_exceeded("the test's own limit"))??;
    let mut stream = answers.into_inner();
    let mut taken = Vec::new();
    while taken.len() < take {
        let next = tokio::time::timeout(LIMIT, stream.message())
            .await
            .map_err(|_| Status::deadline_exceeded("the test's own limit"))?;
        match next? {
            Some(answer) => taken.push(answer),
            None => break,
        }
    }
    Ok(taken)
}

struct Raw;

impl Codec for Raw {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        prost::bytes::BufMut::put(to, Bytes::from(item));
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Vec<u8>;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, Status> {
        use prost::bytes::Buf as _;
        Ok(Some(from.copy_to_bytes(from.remaining()).to_vec()))
    }
}
