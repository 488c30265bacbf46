//! Which carrier takes what: the mail server all e-mail where one is set; the webhook everything else, or everything, where one is
//! set; the outbox what is left.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures::future::BoxFuture;

use super::outbox::Outbox;
use super::smtp::{Login, MailFrom, Smtp, SmtpUrl};
use super::webhook::{SECRET_RULE, SigningKey, Webhook};
use super::{Message, SendError, Sender};
use crate::kernel::clock::Clock;
use crate::kernel::secrets::Secret;
use crate::kernel::settings::Problem;
use crate::kernel::web::{WebClient, WebUrl};

/// How long a carrier may take for one message: well below the deadline of the calls that send.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How messages reach people.
#[derive(Clone, Debug, Args)]
pub struct CarrierSettings {
    /// Where messages are written that no other carrier is set for: confirmation codes and notices, one file a message.
    #[arg(long, value_name = "PATH", default_value = "outbox")]
    pub outbox_dir: PathBuf,
    /// Where messages are posted as signed JSON: all of them, but not e-mail where smtp_url is set.
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<Secret<String>>,
    /// What they are signed with: whsec_ and the base64 of 24 to 64 random bytes.
    #[arg(long, value_name = "SECRET")]
    pub webhook_secret: Option<Secret<String>>,
    /// The mail server for all e-mail: smtp://HOST:PORT (STARTTLS) or smtps://HOST:PORT (TLS).
    #[arg(long, value_name = "URL")]
    pub smtp_url: Option<Secret<String>>,
    /// The user at the mail server, if it asks for one.
    #[arg(long, value_name = "USER")]
    pub smtp_user: Option<Secret<String>>,
    /// The user's password.
    #[arg(long, value_name = "PASSWORD")]
    pub smtp_password: Option<Secret<String>>,
    /// Who e-mail comes from.
    #[arg(long, value_name = "ADDRESS")]
    pub smtp_from: Option<MailFrom>,
    /// Authorities of webhook and mail server beside the public ones, as PEM.
    #[arg(long, value_name = "PATH")]
    pub carrier_ca: Option<PathBuf>,
    /// How long a carrier may take for one message.
    #[arg(skip = TIMEOUT)]
    pub timeout: Duration,
}

impl CarrierSettings {
    /// Makes the carriers, or says everything that is wrong.
    pub fn carriers(&self, clock: &Clock) -> Result<Carriers, Vec<Problem>> {
        let mut problems = Vec::new();
        let webhook = self.webhook(clock, &mut problems);
        let smtp = self.smtp(clock, &mut problems);
        if !problems.is_empty() {
            // What both say of the authorities is one problem.
            let mut seen = BTreeSet::new();
            problems.retain(|problem| seen.insert(problem.setting.clone()));
            return Err(problems);
        }
        Ok(Carriers {
            outbox: Outbox::new(&self.outbox_dir),
            webhook,
            smtp,
        })
    }

    fn webhook(&self, clock: &Clock, problems: &mut Vec<Problem>) -> Option<Webhook> {
        let mut wrong = |setting, rule: &str| problems.push(Problem::new(setting, rule));
        let key = self.webhook_secret.as_ref().and_then(SigningKey::parse);
        let url = self.webhook_url.as_ref();
        let url = url.map(|url| url.expose().parse::<WebUrl>());
        if let Some(Err(rule)) = &url {
            wrong("webhook_url", rule);
        }
        match (&self.webhook_url, &self.webhook_secret) {
            (None, None) => return None,
            (None, Some(_)) => wrong("webhook_url", "is not set, but webhook_secret is"),
            (Some(_), None) => wrong("webhook_secret", "is not set, but webhook_url is"),
            (Some(_), Some(_)) if key.is_none() => wrong("webhook_secret", SECRET_RULE),
            _ => {}
        }
        let client = WebClient::new(self.carrier_ca.as_deref(), self.timeout);
        let client = client.map_err(|error| wrong("carrier_ca", &error.to_string()));
        Some(Webhook {
            url: url?.ok()?,
            key: key?,
            client: client.ok()?,
            clock: clock.clone(),
        })
    }

    fn smtp(&self, clock: &Clock, problems: &mut Vec<Problem>) -> Option<Smtp> {
        let mut wrong = |setting, rule: &str| problems.push(Problem::new(setting, rule));
        let Some(url) = &self.smtp_url else {
            let others = [
                ("smtp_user", self.smtp_user.is_some()),
                ("smtp_password", self.smtp_password.is_some()),
                ("smtp_from", self.smtp_from.is_some()),
            ];
            for (setting, _) in others.into_iter().filter(|(_, is_set)| *is_set) {
                wrong(setting, "is set without smtp_url");
            }
            return None;
        };
        let url = url.expose().parse::<SmtpUrl>();
        let url = url.map_err(|rule| wrong("smtp_url", rule));
        let login = match (&self.smtp_user, &self.smtp_password) {
            (Some(user), Some(password)) => Some(Login {
                user: user.clone(),
                password: password.clone(),
            }),
            (None, None) => None,
            (Some(_), None) => {
                wrong("smtp_password", "is not set, but smtp_user is");
                None
            }
            (None, Some(_)) => {
                wrong("smtp_user", "is not set, but smtp_password is");
                None
            }
        };
        let Some(from) = self.smtp_from.clone() else {
            wrong("smtp_from", "is not set, but smtp_url is");
            return None;
        };
        let terms = (self.carrier_ca.as_deref(), self.timeout, clock.clone());
        let smtp = Smtp::new(&url.ok()?, from, login.as_ref(), terms);
        smtp.map_err(|error| wrong("carrier_ca", &error.to_string()))
            .ok()
    }
}

/// All carriers that are set.
#[derive(Clone)]
pub struct Carriers {
    outbox: Outbox,
    webhook: Option<Webhook>,
    smtp: Option<Smtp>,
}

impl Sender for Carriers {
    fn send(&self, message: Message) -> BoxFuture<'_, Result<(), SendError>> {
        match (&self.smtp, &self.webhook) {
            (Some(smtp), _) if message.email().is_some() => smtp.send(message),
            (_, Some(webhook)) => webhook.send(message),
            _ => self.outbox.send(message),
        }
    }
}
