//! A partner with a REST API, called as its layout says.
//!
//! A call has one time limit for all of it, its token and a renewed one included. What breaks before the request can have left is not reached;
//! what breaks after it is not seen, and asked about.

use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};
use tokio::time::Instant;

use crate::db::entities::handoff::Kind;
use crate::handoff::context::Context;
use crate::handoff::partner::http_layout::{self, Authorization, Call, HttpLayout};
use crate::handoff::partner::model::Partner;
use crate::handoff::person::convert as order;
use crate::handoff::person::field::convert::value_of;
use crate::handoff::push::circuit_breaker::Signal;
use crate::handoff::queue::handoff::{EarlierOrder, Handoff};
use crate::handoff::queue::retry_policy::Failure;
use crate::kernel::clock::Clock;
use crate::kernel::telemetry;
use crate::kernel::web::{WebAnswer, WebClient, WebError, WebRequest};
use crate::wire::redress::bureau::v1::EnrollmentOrder;

use super::access_token::{AccessTokens, NoToken, Token};
use super::credentials::{Credentials, Uncallable};
use super::http_answer::{Reader, What};
use super::http_request::{Unfit, make};
use super::reply::Reply;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TRACE: HeaderName = HeaderName::from_static("traceparent");

/// A partner in mode HTTP. Clones share its connections and its token.
#[derive(Clone)]
pub(super) struct HttpBureau(Arc<Api>);

struct Api {
    layout: HttpLayout,
    headers: HeaderMap,
    client: WebClient,
    tokens: Option<AccessTokens>,
    clock: Clock,
    timeout: Duration,
}

/// What is asked of the API.
struct Question<'q> {
    call: &'q Call,
    what: What,
    /// The references that the answer may bear.
    about: &'q [String],
    order: &'q EnrollmentOrder,
    partner_reference: Option<&'q str>,
}

impl HttpBureau {
    pub fn new(
        context: &Context,
        credentials: &Credentials,
        partner: &Partner,
    ) -> Result<Self, Uncallable> {
        let layout = partner.http_layout.as_deref().unwrap_or_default();
        let layout = http_layout::parse(layout).map_err(Uncallable::Layout)?;
        let by_certificate = layout.authorization == Authorization::Mtls;
        let at_once = partner.max_in_flight.into();
        let client = WebClient::of_files(&credentials.tls, by_certificate, at_once)?;
        let tokens = match &layout.authorization {
            Authorization::Mtls => None,
            Authorization::Oauth2(from) => {
                let secret = credentials.secrets.as_ref();
                let secret = secret.map(|directory| directory.join(&partner.name));
                let tools = (client.clone(), context.clock.clone());
                Some(AccessTokens::new(
                    &partner.name,
                    from.clone(),
                    secret,
                    tools,
                ))
            }
        };
        Ok(Self(Arc::new(Api {
            headers: headers(&layout),
            layout,
            client,
            tokens,
            clock: context.clock.clone(),
            timeout: context.rules.call_timeout,
        })))
    }

    /// Gives an order, perhaps about an earlier one. What the layout has no call for waits for whoever can see to it.
    pub async fn submit(
        &self,
        handoff: &Handoff,
        order: &EnrollmentOrder,
        about: Option<&EarlierOrder>,
    ) -> Reply {
        let Some(call) = self.call_for(handoff) else {
            return Reply::Failed(Failure::CannotProject("kind"), Signal::None);
        };
        let reference = match about {
            Some(earlier) => &earlier.partner_reference,
            None => &handoff.partner_reference,
        };
        let question = Question {
            call,
            what: What::Submit,
            about: &[handoff.id.to_string()],
            order,
            partner_reference: reference.as_deref(),
        };
        self.0.ask(&question).await
    }

    fn call_for(&self, handoff: &Handoff) -> Option<&Call> {
        let layout = &self.0.layout;
        match handoff.kind {
            Kind::Extend => layout.extend.as_ref(),
            Kind::Restore => layout.restore.as_ref(),
            Kind::UpdatePerson => layout.update_person.as_ref(),
            Kind::Enroll | Kind::Cancel => {
                let update = layout.update.as_ref().filter(|_| handoff.order_attempt > 1);
                update.or(Some(&layout.submit))
            }
        }
    }

    pub async fn ask(&self, handoff: &Handoff) -> Reply {
        let question = Question {
            call: &self.0.layout.inquire,
            what: What::Inquire,
            about: &[handoff.id.to_string()],
            order: &order::order(handoff, ""),
            partner_reference: handoff.partner_reference.as_deref(),
        };
        self.0.ask(&question).await
    }

    /// The answer may speak of the cancellation, or of what it cancels.
    pub async fn cancel(&self, handoff: &Handoff, enroll: &EarlierOrder) -> Reply {
        let question = Question {
            call: &self.0.layout.cancel,
            what: What::Cancel,
            about: &[handoff.id.to_string(), enroll.id.to_string()],
            order: &order::cancel(handoff, "", enroll.id),
            partner_reference: enroll.partner_reference.as_deref(),
        };
        self.0.ask(&question).await
    }
}

impl Api {
    async fn ask(&self, question: &Question<'_>) -> Reply {
        let request = match self.request(question) {
            Ok(request) => request,
            // Nothing was sent. An order waits for whoever mends the field; the other calls have nothing of a person.
            Err(Unfit(field)) if question.what == What::Submit => {
                return Reply::Failed(Failure::CannotProject(field), Signal::None);
            }
            Err(Unfit(_)) => return Reply::Failed(Failure::Rejected, Signal::None),
        };
        let reader = Reader {
            answers: &self.layout.answers,
            call: question.call,
            what: question.what,
            about: question.about,
            now: self.clock.now(),
        };
        match self.exchange(request, reader).await {
            Ok(answer) => reader.read(&answer),
            Err(reply) => reply,
        }
    }

    fn request(&self, question: &Question<'_>) -> Result<WebRequest, Unfit> {
        let value = |field: &str| match field {
            "partner_reference" => question.partner_reference.unwrap_or_default().to_owned(),
            _ => value_of(question.order, field),
        };
        let made = make(question.call, &self.layout.fields, &value)?;
        let mut headers = self.headers.clone();
        if !made.body.is_empty() {
            headers.entry(CONTENT_TYPE).or_insert(JSON);
        }
        let trace = telemetry::current_traceparent().and_then(|trace| trace.parse().ok());
        if let Some(trace) = trace {
            headers.insert(TRACE, trace);
        }
        Ok(WebRequest {
            // What is encoded can stand in an address; the layout's own text was checked.
            to: self.layout.base.join(&made.path).ok_or(Unfit("path"))?,
            method: method(question.call.method),
            headers,
            body: made.body.into(),
        })
    }

    /// Makes a request; with a token that is refused, once more with a new one.
    async fn exchange(&self, request: WebRequest, reader: Reader<'_>) -> Result<WebAnswer, Reply> {
        let until = Instant::now() + self.timeout;
        let Some(tokens) = &self.tokens else {
            return self.send(request, None, until).await;
        };
        let token = tokens.get(None, until).await;
        let token = token.map_err(NoToken::reply)?;
        let answer = self.send(request.clone(), Some(&token), until).await?;
        if answer.status != StatusCode::UNAUTHORIZED || reader.is_about_the_order(&answer) {
            return Ok(answer);
        }
        match tokens.get(Some(&token), until).await {
            Ok(renewed) => self.send(request, Some(&renewed), until).await,
            Err(_) => Ok(answer),
        }
    }

    async fn send(
        &self,
        mut request: WebRequest,
        token: Option<&Token>,
        until: Instant,
    ) -> Result<WebAnswer, Reply> {
        if let Some(token) = token {
            request.headers.insert(AUTHORIZATION, token.header.clone());
        }
        let answered = self.client.exchange(request, until).await;
        answered.map_err(|error| match error {
            WebError::Unreachable => Reply::Failed(Failure::NotReached, Signal::Down),
            WebError::Broken | WebError::Late => Reply::Failed(Failure::Unseen, Signal::Failed),
            WebError::Request => Reply::Failed(Failure::Rejected, Signal::None),
        })
    }
}

fn headers(layout: &HttpLayout) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([(ACCEPT, JSON)]);
    for (name, value) in &layout.headers {
        // They were checked with the layout.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse()) {
            headers.insert(name, value);
        }
    }
    headers
}

const fn method(method: http_layout::Method) -> Method {
    match method {
        http_layout::Method::Get => Method::GET,
        http_layout::Method::Post => Method::POST,
        http_layout::Method::Put => Method::PUT,
        http_layout::Method::Patch => Method::PATCH,
        http_layout::Method::Delete => Method::DELETE,
    }
}
