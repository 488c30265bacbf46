//! Reflection, in both versions that clients speak.
//!
//! Written here because tonic-reflection lists every service of a descriptor set, whoever serves it, ends the stream at an unknown
//! symbol, and knows no extensions. What is served are the files of this process's services, of health and reflection, and
//! of the details of errors, with all that they import, as the compiler wrote them: decoding would lose options.

mod catalogue;

use std::sync::Arc;

use futures::StreamExt;
use futures::stream::BoxStream;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::kernel::fault::Reason;

pub(super) use catalogue::Catalogue;

/// What is asked, whichever the version.
enum Question {
    Services,
    File(String),
    Symbol(String),
    Extension(String, i32),
    Extensions(String),
    Nothing,
}

/// What is answered.
enum Answer {
    Services(Vec<String>),
    File(Vec<u8>),
    Extensions(String, Vec<i32>),
    Error(Code, &'static str),
}

/// The service of both versions.
#[derive(Clone)]
pub(super) struct Reflection(pub(super) Arc<Catalogue>);

impl Reflection {
    fn answer(&self, question: Question) -> Answer {
        let Self(catalogue) = self;
        let file = |file: Option<&Vec<u8>>| file.cloned().map(Answer::File);
        let found = match question {
            Question::Services => Some(Answer::Services(catalogue.services())),
            Question::File(name) => file(catalogue.file(&name)),
            Question::Symbol(name) => file(catalogue.file_of_symbol(&name)),
            Question::Extension(name, number) => file(catalogue.file_of_extension(&name, number)),
            Question::Extensions(name) => catalogue
                .extensions(&name)
                .map(|numbers| Answer::Extensions(name, numbers)),
            Question::Nothing => {
                let code = Reason::InvalidRequest.code();
                Some(Answer::Error(code, "Nothing is asked for."))
            }
        };
        found.unwrap_or_else(|| {
            let reason = Reason::NameNotFound;
            Answer::Error(reason.code(), reason.text())
        })
    }
}

/// Both versions have the same messages, in modules of their own.
macro_rules! version {
    ($version:ident) => {
        mod $version {
            use tonic_reflection::pb::$version::server_reflection_request::MessageRequest;
            use tonic_reflection::pb::$version::server_reflection_response::MessageResponse;
            use tonic_reflection::pb::$version::server_reflection_server::ServerReflection;
            use tonic_reflection::pb::$version::*;

            use super::*;

            #[tonic::async_trait]
            impl ServerReflection for Reflection {
                type ServerReflectionInfoStream =
                    BoxStream<'static, Result<ServerReflectionResponse, Status>>;

                async fn server_reflection_info(
                    &self,
                    request: Request<Streaming<ServerReflectionRequest>>,
                ) -> Result<Response<Self::ServerReflectionInfoStream>, Status> {
                    let reflection = self.clone();
                    let answers = request.into_inner().map(move |request| {
                        let request = request?;
                        let answer = reflection.answer(question(request.message_request.clone()));
                        Ok(ServerReflectionResponse {
                            valid_host: request.host.clone(),
                            original_request: Some(request),
                            message_response: Some(response(answer)),
                        })
                    });
                    Ok(Response::new(answers.boxed()))
                }
            }

            fn question(request: Option<MessageRequest>) -> Question {
                match request {
                    Some(MessageRequest::ListServices(_)) => Question::Services,
                    Some(MessageRequest::FileByFilename(name)) => Question::File(name),
                    Some(MessageRequest::FileContainingSymbol(name)) => Question::Symbol(name),
                    Some(MessageRequest::FileContainingExtension(it)) => {
                        Question::Extension(it.containing_type, it.extension_number)
                    }
                    Some(MessageRequest::AllExtensionNumbersOfType(name)) => {
                        Question::Extensions(name)
                    }
                    None => Question::Nothing,
                }
            }

            fn response(answer: Answer) -> MessageResponse {
                match answer {
                    Answer::Services(names) => {
                        let service = names.into_iter().map(|name| ServiceResponse { name });
                        MessageResponse::ListServicesResponse(ListServiceResponse {
                            service: service.collect(),
                        })
                    }
                    Answer::File(file) => {
                        MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
                            file_descriptor_proto: vec![file],
                        })
                    }
                    Answer::Extensions(base_type_name, extension_number) => {
                        MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                            base_type_name,
                            extension_number,
                        })
                    }
                    Answer::Error(code, message) => MessageResponse::ErrorResponse(ErrorResponse {
                        error_code: code.into(),
                        error_message: message.to_owned(),
                    }),
                }
            }
        }
    };
}

version!(v1);
version!(v1alpha);
