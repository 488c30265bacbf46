//! A server's certificates, read again when their files change.
//!
//! The files are looked at every few seconds. What they hold is taken over for new connections when it changed and can be
//! used; otherwise the server goes on with what it had, and says so once. Connections that are open keep what they were
//! made with until they reach their age. A revoked certificate is refused at its next call.
//!
//! Authorities of `tls_ca` vouch for callers of every role, others for callers of one role alone: a partner's authority
//! that was taken in for its callers can make no operator.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;
use std::{fs, iter};

use opentelemetry::global;
use opentelemetry::metrics::Gauge;
use ring::digest;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::ClientCertVerifier;
use tokio_util::sync::CancellationToken;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::expiry;
use super::config::clients_of;
use super::{RoleAuthorities, TlsError, TlsFiles};
use crate::kernel::caller::{Caller, Role};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::settings::ServerSettings;

/// Metric: how long the server's certificate is still valid.
const DAYS_LEFT: &str = "redress.certificate.days_left";
/// From here on a warning is written, each day one.
const WARN_DAYS: i64 = 7;
const DAY: Duration = Duration::from_hours(24);

/// What a server shows, whom it lets in, and whom it no longer lets in.
pub struct Certificates {
    sources: Sources,
    clock: Clock,
    current: RwLock<Arc<Current>>,
    seen: Mutex<Seen>,
    days_left: Gauge<f64>,
}

/// The files that all of it is read from.
struct Sources {
    files: TlsFiles,
    roles: RoleAuthorities,
    revoked: Option<PathBuf>,
}

struct Current {
    config: Arc<ServerConfig>,
    /// Who takes the certificates of roles with authorities of their own, and of all other roles.
    by_role: HashMap<Role, Arc<dyn ClientCertVerifier>>,
    every_role: Arc<dyn ClientCertVerifier>,
    expires_at: Timestamp,
    revoked: HashSet<String>,
}

struct Seen {
    /// A hash of the files as they were at the last look.
    content: Option<Vec<u8>>,
    /// The number of days left at the last warning.
    warned: Option<i64>,
}

impl Certificates {
    /// Reads the files for the first time.
    ///
    /// # Errors
    /// Where a file cannot be read or used.
    pub fn load(settings: &ServerSettings, clock: Clock) -> Result<Self, TlsError> {
        let meter = global::meter("redress");
        let days_left = meter
            .f64_gauge(DAYS_LEFT)
            .with_unit("d")
            .with_description("Days until the server's certificate ends; negative after it")
            .build();
        let sources = Sources {
            files: settings.tls.clone(),
            roles: settings.tls_role_ca.clone().unwrap_or_default(),
            revoked: settings.tls_revoked.clone(),
        };
        let content = sources.content();
        let current = sources.read()?;
        let certificates = Self {
            sources,
            clock,
            current: RwLock::new(Arc::new(current)),
            seen: Mutex::new(Seen {
                content,
                warned: None,
            }),
            days_left,
        };
        certificates.report();
        Ok(certificates)
    }

    /// Looks at the files every `period` until the process drains.
    pub async fn watch(self: Arc<Self>, period: Duration, draining: CancellationToken) {
        let mut ticks = tokio::time::interval(period);
        loop {
            tokio::select! {
                () = draining.cancelled() => return,
                _ = ticks.tick() => self.look(),
            }
        }
    }

    /// Takes over what changed in the files, and reports how long the certificate is still valid.
    pub fn look(&self) {
        let content = self.sources.content();
        let changed = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = seen.content != content;
            seen.content = content;
            changed
        };
        if changed {
            match self.sources.read() {
                Ok(current) => {
                    let mut place = self.current.write().unwrap_or_else(PoisonError::into_inner);
                    *place = Arc::new(current);
                    tracing::info!("certificates were read again");
                }
                Err(error) => {
                    tracing::error!(%error, "changed certificates cannot be used; the old ones stay");
                }
            }
        }
        self.report();
    }

    /// Gives what new connections are made with.
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.current().config)
    }

    /// Tells whether the certificate has not ended.
    pub fn is_valid(&self) -> bool {
        self.clock.now() < self.current().expires_at
    }

    /// Tells whether a certificate may name somebody in this role: it may come from an authority for other roles alone.
    pub fn vouch_for(&self, role: Role, chain: &[CertificateDer<'_>]) -> bool {
        let current = self.current();
        let verifier = current.by_role.get(&role).unwrap_or(&current.every_role);
        chain.split_first().is_some_and(|(own, between)| {
            (verifier.verify_client_cert(own, between, UnixTime::now())).is_ok()
        })
    }

    /// Tells whether a caller's certificate was revoked, by its serial number or by the caller's name.
    pub fn is_revoked(&self, caller: &Caller, serial: Option<&str>) -> bool {
        let current = self.current();
        !current.revoked.is_empty()
            && (current.revoked.contains(&caller.to_string())
                || serial.is_none_or(|serial| current.revoked.contains(serial)))
    }

    fn current(&self) -> Arc<Current> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current)
    }

    fn report(&self) {
        let (now, end) = (self.clock.now(), self.current().expires_at);
        let seconds = if now < end {
            end.since(now).as_secs_f64()
        } else {
            -now.since(end).as_secs_f64()
        };
        let left = seconds / DAY.as_secs_f64();
        self.days_left.record(left, &[]);
        let days = whole_days(left);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if days > WARN_DAYS || seen.warned == Some(days) {
            return;
        }
        seen.warned = Some(days);
        if seconds <= 0.0 {
            tracing::error!("the server's certificate has ended; the process is not ready");
        } else {
            tracing::warn!(days, "the server's certificate ends soon: renew it");
        }
    }
}

/// Rounds down; a certificate lives nowhere near as long as the type reaches.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a number of days fits many times over"
)]
fn whole_days(days: f64) -> i64 {
    days.floor() as i64
}

impl Sources {
    fn read(&self) -> Result<Current, TlsError> {
        let pem = super::files::read(&self.files.cert, "CERTIFICATE")?;
        let expires_at = std::str::from_utf8(&pem).ok().and_then(expiry);
        let expires_at = expires_at.ok_or_else(|| TlsError::NotPem {
            path: self.files.cert.clone(),
            wanted: "CERTIFICATE",
        })?;
        let everybody: &Path = &self.files.ca;
        let all: Vec<&Path> = iter::once(everybody).chain(self.roles.files()).collect();
        let mut by_role = HashMap::new();
        for role in Role::ALL {
            let own: Vec<&Path> = self.roles.files_of(role).collect();
            if !own.is_empty() {
                by_role.insert(role, clients_of(&[&[everybody], own.as_slice()].concat())?);
            }
        }
        Ok(Current {
            config: Arc::new(self.files.server(clients_of(&all)?)?),
            by_role,
            every_role: clients_of(&[everybody])?,
            expires_at,
            revoked: match &self.revoked {
                None => HashSet::new(),
                Some(path) => {
                    parse_revoked(&text_of(path)?).map_err(|line| TlsError::NotRevoked {
                        path: path.clone(),
                        line,
                    })?
                }
            },
        })
    }

    /// Hashes what the files hold; none where one cannot be read.
    fn content(&self) -> Option<Vec<u8>> {
        let TlsFiles { ca, cert, key } = &self.files;
        let own: [&Path; 3] = [ca, cert, key];
        let files = own.into_iter().chain(self.roles.files());
        let mut hash = digest::Context::new(&digest::SHA256);
        for path in files.chain(self.revoked.as_deref()) {
            let bytes = zeroize::Zeroizing::new(fs::read(path).ok()?);
            hash.update(digest::digest(&digest::SHA256, &bytes).as_ref());
        }
        Some(hash.finish().as_ref().to_vec())
    }
}

fn text_of(path: &Path) -> Result<String, TlsError> {
    fs::read_to_string(path).map_err(|source| TlsError::Unreadable {
        path: path.into(),
        source,
    })
}

/// Gives a certificate's (DER) serial number in the form in which it is looked up.
pub fn serial_of(der: &[u8]) -> Option<Arc<str>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(plain_serial(&certificate.raw_serial_as_string()).into())
}

/// Reads a list of revoked certificates: on each line a serial number in hexadecimal or a caller as `role/name`. What stands
/// behind `#` is a comment. A line that is neither would revoke nobody: its number is given.
fn parse_revoked(text: &str) -> Result<HashSet<String>, usize> {
    let lines = (1..).zip(text.lines());
    let lines = lines.map(|(number, line)| (number, line.split('#').next().unwrap_or("").trim()));
    let lines = lines.filter(|(_, line)| !line.is_empty());
    lines
        .map(|(number, line)| entry_of(line).ok_or(number))
        .collect()
}

/// Reads a caller (`role/name` or its URI) or a serial number as `openssl x509 -noout -serial` prints it.
fn entry_of(line: &str) -> Option<String> {
    if line.contains('/') {
        let named = || {
            let (role, name) = line.split_once('/')?;
            Caller::new(Role::parse(role)?, name)
        };
        return Caller::from_uri(line)
            .or_else(named)
            .map(|caller| caller.to_string());
    }
    let serial = plain_serial(line.strip_prefix("serial=").unwrap_or(line));
    let is_one = !serial.is_empty() && serial.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_one.then_some(serial)
}

/// Brings a serial number to one form: lower case, without colons and leading zeros.
fn plain_serial(text: &str) -> String {
    let digits = text.replace([':', ' '], "").to_lowercase();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    digits.trim_start_matches('0').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::certs::Authority;

    #[test]
    fn broken_files_keep_the_old_certificate_until_they_are_mended() {
        let directory = tempfile::tempdir().unwrap();
        let issue = || {
            let authority = Authority::generate().unwrap();
            let issued = authority.issue_server(&["test"]).unwrap();
            issued.save(directory.path(), "test").unwrap()
        };
        let files = issue();
        let live =
            Certificates::load(&ServerSettings::local(files.clone()), Clock::system()).unwrap();
        let first = live.config();
        live.look();
        assert!(Arc::ptr_eq(&first, &live.config()), "nothing changed");
        fs::write(&files.cert, "rubbish").unwrap();
        live.look();
        assert!(Arc::ptr_eq(&first, &live.config()), "the old one stays");
        issue();
        live.look();
        assert!(!Arc::ptr_eq(&first, &live.config()), "mended");
    }

    #[test]
    fn a_certificate_that_has_ended_is_not_valid() {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::generate().unwrap();
        let issued = authority.issue_server(&["test"]).unwrap();
        let files = issued.save(directory.path(), "test").unwrap();
        let (clock, hands) = Clock::manual(Clock::system().now());
        let live = Certificates::load(&ServerSettings::local(files), clock).unwrap();
        assert!(live.is_valid());
        hands.advance(DAY * 84);
        live.look();
        let warned = live.seen.lock().unwrap().warned;
        assert!(warned.is_some_and(|days| (0..=7).contains(&days)));
        assert!(live.is_valid());
        hands.advance(DAY * 8);
        live.look();
        assert!(!live.is_valid());
    }

    #[test]
    fn a_list_of_revoked_certificates_takes_serials_and_names() {
        let list = parse_revoked(
            "# lost laptops\n00:AB:cd # anna\n0xEF\nserial=76F0\npartner/acme\nspiffe://redress/operator/bob\n\n",
        )
        .unwrap();
        let mut list: Vec<String> = list.into_iter().collect();
        list.sort();
        assert_eq!(list, ["76f0", "abcd", "ef", "operator/bob", "partner/acme"]);
        for (wrong, line) in [
            ("ab\noperator/Anna", 2),
            ("boss/anna", 1),
            ("\nanna", 2),
            ("0x", 1),
        ] {
            assert_eq!(parse_revoked(wrong), Err(line), "{wrong}");
        }
    }
}
