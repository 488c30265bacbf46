//! Carriers of messages against real servers: a gateway that takes webhooks, and a mail server.

use std::fs;
use std::time::{Duration, Instant};

use data_encoding::BASE64;
use redress::db::entities::confirmation_code::Channel;
use redress::identity::sender::carriers::{CarrierSettings, Carriers};
use redress::identity::sender::{
    Addressee, ConfirmationCode, Message, Notice, ProofingNotice, SendError, Sender,
};
use redress::kernel::clock::{Clock, Timestamp};
use redress::kernel::ids::ConfirmationId;
use redress::kernel::secrets::Secret;
use redress::kernel::settings;
use ring::hmac;
use uuid::Uuid;

use crate::harness::canary::{self, Canary};
use crate::harness::carriers::{Answer, Certified, Gateway};
use crate::harness::folder::folder;
use crate::harness::logs::Logs;
use crate::harness::mail_server::{MailServer, Manner};

const KEY: [u8; 32] = [42; 32];
const SHORT: Duration = Duration::from_millis(300);
const NOW: &str = "2015-07-17T12:00:00Z";
const ADDRESS: &str = "quornbury@example.org";
const NUMBER: &str = "+13175550142";
const DIGITS: &str = "731946";

fn empty() -> CarrierSettings {
    settings::defaults()
}

fn webhook(url: String, certified: Option<&Certified>) -> CarrierSettings {
    CarrierSettings {
        webhook_url: Some(url.into()),
        webhook_secret: Some(format!("whsec_{}", BASE64.encode(&KEY)).into()),
        carrier_ca: certified.map(Certified::ca),
        ..empty()
    }
}

fn smtp(url: String, certified: Option<&Certified>) -> CarrierSettings {
    CarrierSettings {
        smtp_url: Some(url.into()),
        smtp_from: Some("Redress <no-reply@remedy.example>".parse().unwrap()),
        smtp_user: Some("user-canary".into()),
        smtp_password: Some("password-canary".into()),
        carrier_ca: certified.map(Certified::ca),
        ..empty()
    }
}

fn carriers(settings: &CarrierSettings) -> Carriers {
    let (clock, _hand) = Clock::manual(NOW.parse().unwrap());
    settings.carriers(&clock).unwrap()
}

fn code(channel: Channel) -> Message {
    let to = if channel == Channel::Email {
        ADDRESS
    } else {
        NUMBER
    };
    let message = ConfirmationCode {
        id: ConfirmationId::from_uuid(Uuid::from_u128(7)),
        channel,
        to: to.into(),
        code: DIGITS.into(),
        expires_at: Timestamp::EPOCH,
        language: "es-MX".into(),
    };
    message.into()
}

fn to_a_mailbox() -> Message {
    code(Channel::Email)
}

fn by_post() -> Message {
    let notice = ProofingNotice {
        id: Uuid::from_u128(8),
        to: Addressee::Post {
            name: "Ada Quornbury".into(),
            lines: vec!["1 Main St".into(), "Fort Wayne IN 46802".into()],
        },
        token: Secret::from("TOKEN-CANARY"),
        expires_at: Timestamp::EPOCH,
    };
    notice.into()
}

fn new_contact() -> Message {
    let notice = Notice {
        id: Uuid::from_u128(9),
        channel: Channel::Email,
        to: ADDRESS.into(),
    };
    notice.into()
}

/// Nothing that a carrier carries may stand in a log, whatever happens to it.
fn tells_nothing(logs: &Logs) {
    let canaries = [
        ("address", ADDRESS),
        ("number", NUMBER),
        ("digits", DIGITS),
        ("token", "TOKEN-CANARY"),
        ("password", "password-canary"),
        ("answer", "canary-answer"),
        ("path", "canary-path"),
    ];
    let canaries = canaries.map(|(name, value)| Canary::new(name, value));
    // Digits stand in instants by chance; the libraries' own lines name no message.
    let text = logs.text();
    let found = canary::found(&canaries, text.as_bytes());
    assert!(found.is_empty(), "{found:?} in {text}");
}

#[tokio::test]
async fn a_gateway_gets_signed_json_and_the_same_message_twice_is_the_same() {
    let logs = Logs::keep();
    let gateway = Gateway::open(Answer::Status(202)).await;
    let url = format!("http://{}/canary-path?key=1", gateway.address);
    let carriers = carriers(&webhook(url, None));
    for message in [code(Channel::Sms), code(Channel::Sms), by_post()] {
        carriers.send(message).await.unwrap();
    }
    let posted = gateway.posted();
    assert_eq!(posted[0].path, "/canary-path?key=1");
    assert_eq!(posted[0].body, posted[1].body);
    let ids: Vec<String> = posted.iter().map(|it| it.header("webhook-id")).collect();
    let of = |n| Uuid::from_u128(n).to_string();
    assert_eq!(ids, [of(7), of(7), of(8)]);
    for one in &posted {
        let at = one.header("webhook-timestamp");
        assert_eq!(at, "1437134400");
        let signed = [
            format!("{}.{at}.", one.header("webhook-id")).as_bytes(),
            &one.body,
        ]
        .concat();
        let key = hmac::Key::new(hmac::HMAC_SHA256, &KEY);
        let signature = one.header("webhook-signature");
        let signature = BASE64.decode(signature.strip_prefix("v1,").unwrap().as_bytes());
        hmac::verify(&key, &signed, &signature.unwrap()).unwrap();
    }
    let body: serde_json::Value = serde_json::from_slice(&posted[0].body).unwrap();
    assert_eq!(
        (body["to"].as_str(), body["code"].as_str()),
        (Some(NUMBER), Some(DIGITS))
    );
    let letter: serde_json::Value = serde_json::from_slice(&posted[2].body).unwrap();
    assert_eq!(letter["channel"], "POST");
    assert_eq!(letter["to"][0], "Ada Quornbury");
    tells_nothing(&logs);
}

#[tokio::test]
async fn a_gateway_that_does_not_take_a_message_is_not_believed() {
    let logs = Logs::keep();
    let gateway = Gateway::open(Answer::Status(200)).await;
    let url = format!("http://{}/canary-path", gateway.address);
    let carriers = carriers(&webhook(url, None));
    // What is about the gateway, the settings or the moment passes; what is about the message does not.
    let passing = [401, 403, 404, 407, 408, 425, 429, 500, 503].map(Answer::Status);
    let passing = passing.into_iter().chain([Answer::Redirect]);
    let final_ones = [400, 410, 413, 422].map(Answer::Status).into_iter();
    let refusals = passing.map(|answer| (answer, SendError::Transient));
    for (answer, error) in refusals.chain(final_ones.map(|it| (it, SendError::Permanent))) {
        gateway.will(answer);
        assert_eq!(carriers.send(by_post()).await, Err(error), "{answer:?}");
    }
    // A redirect is not followed: whoever answers so gets the message and nobody else does.
    assert!(gateway.posted().iter().all(|it| it.path == "/canary-path"));
    assert_eq!(gateway.posted().len(), 14);
    gateway.will(Answer::Status(204));
    assert_eq!(carriers.send(by_post()).await, Ok(()));
    tells_nothing(&logs);
}

#[tokio::test]
async fn a_gateway_that_says_nothing_is_given_up() {
    let logs = Logs::keep();
    let gateway = Gateway::open(Answer::Silent).await;
    let settings = CarrierSettings {
        timeout: SHORT,
        ..webhook(format!("http://{}/", gateway.address), None)
    };
    let begun = Instant::now();
    assert_eq!(
        carriers(&settings).send(code(Channel::Voice)).await,
        Err(SendError::Transient)
    );
    assert!(begun.elapsed() < SHORT * 10);
    // Nobody at all.
    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = port.local_addr().unwrap();
    drop(port);
    let away = carriers(&webhook(format!("http://{address}/"), None));
    assert_eq!(
        away.send(code(Channel::Voice)).await,
        Err(SendError::Transient)
    );
    tells_nothing(&logs);
}

#[tokio::test]
async fn only_a_certificate_of_a_known_authority_is_trusted() {
    let logs = Logs::keep();
    let (own, other) = (Certified::new(), Certified::new());
    let gateway = Gateway::certified(Answer::Status(200), &own).await;
    let url = format!("https://127.0.0.1:{}/", gateway.address.port());
    for stranger in [None, Some(&other)] {
        let carriers = carriers(&webhook(url.clone(), stranger));
        assert_eq!(
            carriers.send(code(Channel::Sms)).await,
            Err(SendError::Transient)
        );
    }
    assert!(gateway.posted().is_empty());
    let carriers = carriers(&webhook(url, Some(&own)));
    assert_eq!(carriers.send(code(Channel::Sms)).await, Ok(()));
    assert_eq!(gateway.posted().len(), 1);
    tells_nothing(&logs);
}

#[tokio::test]
async fn a_mail_server_gets_plain_text_inside_of_tls() {
    let logs = Logs::keep();
    let own = Certified::new();
    for (manner, scheme) in [(Manner::Tls, "smtps"), (Manner::StartTls, "smtp")] {
        let server = MailServer::open(manner, &own).await;
        let url = format!("{scheme}://127.0.0.1:{}", server.address.port());
        let carriers = carriers(&smtp(url, Some(&own)));
        for message in [to_a_mailbox(), to_a_mailbox(), new_contact()] {
            carriers.send(message).await.unwrap();
        }
        let mails = server.mails();
        let login = BASE64.encode(b"\0user-canary\0password-canary");
        assert_eq!(mails[0].login, format!("AUTH PLAIN {login}"));
        assert_eq!(mails[0].from, "MAIL FROM:<no-reply@remedy.example>");
        assert_eq!(mails[0].to, format!("RCPT TO:<{ADDRESS}>"));
        let (head, body) = mails[0].data.split_once("\n\n").unwrap();
        let id = format!("Message-ID: <{}@remedy.example>", Uuid::from_u128(7));
        assert!(head.contains(&id), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated"), "{head}");
        assert!(!head.contains(DIGITS) && body.contains(DIGITS));
        assert_eq!(mails[0].data, mails[1].data);
        assert!(mails[2].data.contains("Your contact details"));
    }
    tells_nothing(&logs);
}

#[tokio::test]
async fn a_mail_server_that_does_not_take_a_message_is_not_believed() {
    let logs = Logs::keep();
    let (own, other) = (Certified::new(), Certified::new());
    let trusted = [
        (Manner::Refuses("451 quornbury@example.org later"), "smtps"),
        (
            Manner::Refuses("550 quornbury@example.org is nobody"),
            "smtps",
        ),
        (Manner::Refuses("530 log in"), "smtps"),
        // Without TLS nothing is handed over, nor is the password.
        (Manner::Plain, "smtp"),
        (Manner::Silent, "smtp"),
        (Manner::Silent, "smtps"),
    ];
    for (manner, scheme) in trusted {
        let server = MailServer::open(manner, &own).await;
        let settings = CarrierSettings {
            timeout: SHORT,
            ..smtp(format!("{scheme}://{}", server.address), Some(&own))
        };
        let begun = Instant::now();
        let sent = carriers(&settings).send(to_a_mailbox()).await;
        let is_final = matches!(manner, Manner::Refuses(answer) if answer.starts_with("550"));
        let error = if is_final {
            SendError::Permanent
        } else {
            SendError::Transient
        };
        assert_eq!(sent, Err(error), "{manner:?}");
        assert!(begun.elapsed() < SHORT * 10, "{manner:?}");
        let is_refused = matches!(manner, Manner::Refuses(_));
        assert_eq!(server.mails().len(), usize::from(is_refused), "{manner:?}");
    }
    for (manner, scheme) in [(Manner::Tls, "smtps"), (Manner::StartTls, "smtp")] {
        let server = MailServer::open(manner, &own).await;
        let url = format!("{scheme}://{}", server.address);
        let carriers = carriers(&smtp(url, Some(&other)));
        assert_eq!(
            carriers.send(to_a_mailbox()).await,
            Err(SendError::Transient)
        );
        assert!(server.mails().is_empty());
    }
    tells_nothing(&logs);
}

#[tokio::test]
async fn each_message_goes_to_the_carrier_that_is_set_for_it() {
    let own = Certified::new();
    let gateway = Gateway::open(Answer::Status(200)).await;
    let server = MailServer::open(Manner::Tls, &own).await;
    let post = webhook(format!("http://{}/", gateway.address), Some(&own));
    let mail = smtp(format!("smtps://{}", server.address), Some(&own));
    let both = CarrierSettings {
        webhook_url: post.webhook_url.clone(),
        webhook_secret: post.webhook_secret.clone(),
        ..mail.clone()
    };
    // By the outbox, the gateway and the mail server: an e-mail, a text message and a letter.
    let expected = [
        (empty(), [3, 0, 0]),
        (post, [0, 3, 0]),
        (mail, [2, 0, 1]),
        (both, [0, 2, 1]),
    ];
    for (settings, expected) in expected {
        let folder = folder();
        let settings = CarrierSettings {
            outbox_dir: folder.path().to_owned(),
            ..settings
        };
        let before = [gateway.posted().len(), server.mails().len()];
        let carriers = carriers(&settings);
        // An id is one message, so each has its own.
        for message in [new_contact(), code(Channel::Sms), by_post()] {
            carriers.send(message).await.unwrap();
        }
        let files = fs::read_dir(folder.path()).unwrap().count();
        let taken = [
            files,
            gateway.posted().len() - before[0],
            server.mails().len() - before[1],
        ];
        assert_eq!(taken, expected);
    }
}

#[test]
fn everything_that_is_wrong_is_said_at_once_and_no_secret_with_it() {
    let wrong = CarrierSettings {
        webhook_url: Some("http://gateway.example.com/canary".into()),
        webhook_secret: Some("canary".into()),
        smtp_url: Some("smtp://canary:canary@mail.example.com".into()),
        smtp_password: Some("canary".into()),
        carrier_ca: Some("/nowhere/ca.pem".into()),
        ..empty()
    };
    let problems = |settings: &CarrierSettings| {
        let problems = settings
            .carriers(&Clock::system())
            .err()
            .unwrap_or_default();
        assert!(!format!("{problems:?}").contains("canary"), "{problems:?}");
        let settings = problems.into_iter().map(|problem| problem.setting);
        settings.collect::<Vec<_>>()
    };
    let expected = [
        "webhook_url",
        "webhook_secret",
        "carrier_ca",
        "smtp_url",
        "smtp_user",
        "smtp_from",
    ];
    assert_eq!(problems(&wrong), expected);
    let alone = CarrierSettings {
        webhook_secret: Some("canary".into()),
        smtp_user: Some("canary".into()),
        ..empty()
    };
    assert_eq!(problems(&alone), ["webhook_url", "smtp_user"]);
    assert!(problems(&empty()).is_empty());
}
