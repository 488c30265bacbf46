//! A server's certificates, read again when their files change.
//!
//! The files are looked at every few seconds. What they hold is taken over for new connections when it changed and can be
//! used; otherwise the server goes on with what it had, and says so once. Connections that are open keep what they were
//! made with until they reach their age. A revoked certificate is refused at its next call.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::global;
use opentelemetry::metrics::Gauge;
use ring::digest;
use tokio_rustls::rustls::ServerConfig;
use tokio_util::sync::CancellationToken;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::expiry;
use super::{TlsError, TlsFiles};
use crate::kernel::caller::Caller;
use crate::kernel::clock::{Clock, Timestamp};

/// Metric: how long the server's certificate is still valid.
const DAYS_LEFT: &str = "redress.certificate.days_left";
/// From here on a warning is written, each day one.
const WARN_DAYS: i64 = 7;
const DAY: Duration = Duration::from_hours(24);

/// What a server shows, whom it lets in, and whom it no longer lets in.
pub struct Certificates {
    files: TlsFiles,
    revoked_file: Option<PathBuf>,
    clock: Clock,
    current: RwLock<Arc<Current>>,
    seen: Mutex<Seen>,
    days_left: Gauge<f64>,
}

struct Current {
    config: Arc<ServerConfig>,
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
    pub fn load(
        files: &TlsFiles,
        revoked_file: Option<PathBuf>,
        clock: Clock,
    ) -> Result<Self, TlsError> {
        let meter = global::meter("redress");
        let days_left = meter
            .f64_gauge(DAYS_LEFT)
            .with_unit("d")
            .with_description("Days until the server's certificate ends; negative after it")
            .build();
        let content = content(files, revoked_file.as_ref());
        let current = read(files, revoked_file.as_ref())?;
        let certificates = Self {
            files: files.clone(),
            revoked_file,
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
        let content = content(&self.files, self.revoked_file.as_ref());
        let changed = {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = seen.content != content;
            seen.content = content;
            changed
        };
        if changed {
            match read(&self.files, self.revoked_file.as_ref()) {
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

    /// Tells whether a caller's certificate (DER) was revoked, by its serial number or by the caller's name.
    pub fn is_revoked(&self, caller: &Caller, der: &[u8]) -> bool {
        let current = self.current();
        if current.revoked.is_empty() {
            return false;
        }
        let serial = X509Certificate::from_der(der)
            .ok()
            .map(|(_, certificate)| plain_serial(&certificate.raw_serial_as_string()));
        current.revoked.contains(&caller.to_string())
            || serial.is_none_or(|serial| current.revoked.contains(&serial))
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

fn read(files: &TlsFiles, revoked: Option<&PathBuf>) -> Result<Current, TlsError> {
    let config = files.server()?;
    let pem = super::files::read(&files.cert, "CERTIFICATE")?;
    let expires_at = std::str::from_utf8(&pem).ok().and_then(expiry);
    let expires_at = expires_at.ok_or_else(|| TlsError::NotPem {
        path: files.cert.clone(),
        wanted: "CERTIFICATE",
    })?;
    let revoked = match revoked {
        None => HashSet::new(),
        Some(path) => {
            let text = fs::read_to_string(path);
            let text = text.map_err(|source| TlsError::Unreadable {
                path: path.clone(),
                source,
            })?;
            parse_revoked(&text)
        }
    };
    Ok(Current {
        config: Arc::new(config),
        expires_at,
        revoked,
    })
}

/// Reads a list of revoked certificates: on each line a serial number in hexadecimal or a caller as `role/name`. What stands
/// behind `#` is a comment.
fn parse_revoked(text: &str) -> HashSet<String> {
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or("").trim());
    let entries = lines.filter(|line| !line.is_empty()).map(|line| {
        let caller = Caller::from_uri(line).map(|caller| caller.to_string());
        match caller {
            Some(caller) => caller,
            None if line.contains('/') => line.to_owned(),
            None => plain_serial(line),
        }
    });
    entries.collect()
}

/// Brings a serial number to one form: lower case, without colons and leading zeros.
fn plain_serial(text: &str) -> String {
    let digits = text.replace([':', ' '], "").to_lowercase();
    let digits = digits.strip_prefix("0x").unwrap_or(&digits);
    digits.trim_start_matches('0').to_owned()
}

/// Hashes what the files hold; none where one cannot be read.
fn content(files: &TlsFiles, revoked: Option<&PathBuf>) -> Option<Vec<u8>> {
    let mut hash = digest::Context::new(&digest::SHA256);
    for path in [&files.ca, &files.cert, &files.key]
        .into_iter()
        .chain(revoked)
    {
        let bytes = zeroize::Zeroizing::new(fs::read(path).ok()?);
        hash.update(digest::digest(&digest::SHA256, &bytes).as_ref());
    }
    Some(hash.finish().as_ref().to_vec())
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
        let live = Certificates::load(&files, None, Clock::system()).unwrap();
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
        let live = Certificates::load(&files, None, clock).unwrap();
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
            "# lost laptops\n00:AB:cd # anna\n0xEF\npartner/acme\nspiffe://redress/operator/bob\n\n",
        );
        let mut list: Vec<String> = list.into_iter().collect();
        list.sort();
        assert_eq!(list, ["abcd", "ef", "operator/bob", "partner/acme"]);
    }
}
