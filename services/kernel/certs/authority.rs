//! The authority of development and tests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::civil::Date;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

use super::{TlsFiles, write_private};
use crate::kernel::caller::{Caller, Role};
use crate::kernel::clock::{Clock, Timestamp};
use crate::kernel::secrets::Secret;

/// How long everything issued here is valid. Short, because nobody revokes a development certificate.
const VALIDITY: Duration = Duration::from_hours(90 * 24);
/// How far back validity starts, for clocks that lag.
const SKEW: Duration = Duration::from_hours(24);

/// What can go wrong with certificates.
#[derive(Debug, thiserror::Error)]
pub enum CertError {
    /// A file cannot be read or written.
    #[error("{} cannot be read or written: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// The authority's files are damaged or have expired.
    #[error("the authority in {} cannot be used: {problem}; make a new one: redress certs --renew", .path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// A name cannot stand in a certificate.
    #[error("a name cannot stand in a certificate: use 1 to 64 of a-z 0-9 -")]
    BadName,
    /// Making a certificate failed.
    #[error("the certificate could not be made: {0}")]
    Rcgen(#[from] rcgen::Error),
}

/// Issues certificates for 90 days.
pub struct Authority {
    cert_pem: String,
    issuer: Issuer<'static, KeyPair>,
    clock: Clock,
}

/// A certificate with its key, as PEM.
#[derive(Clone, Debug)]
pub struct Issued {
    /// The certificate.
    pub cert_pem: String,
    /// Its key.
    pub key_pem: Secret<String>,
    ca_pem: String,
}

impl Authority {
    /// Makes a new authority, valid for 90 days.
    pub fn generate() -> Result<Self, CertError> {
        let clock = Clock::system();
        let key = KeyPair::generate()?;
        let params = authority_params(clock.now());
        let cert_pem = params.self_signed(&key)?.pem();
        Ok(Self {
            cert_pem,
            issuer: Issuer::new(params, key),
            clock,
        })
    }

    /// Loads `ca.pem` and `ca.key` from a directory.
    pub fn load(directory: &Path) -> Result<Self, CertError> {
        let unusable = |problem| CertError::Unusable {
            path: directory.into(),
            problem,
        };
        let clock = Clock::system();
        let cert_pem = read(&directory.join("ca.pem"))?;
        let key_pem = zeroize::Zeroizing::new(read(&directory.join("ca.key"))?);
        let key = KeyPair::from_pem(&key_pem).map_err(|_| unusable("ca.key holds no key"))?;
        let expires_at =
            expiry(&cert_pem).ok_or_else(|| unusable("ca.pem holds no certificate"))?;
        if expires_at <= clock.now() {
            return Err(unusable("its certificate has expired"));
        }
        Ok(Self {
            cert_pem,
            issuer: Issuer::new(authority_params(clock.now()), key),
            clock,
        })
    }

    /// Writes `ca.pem` and `ca.key` into a directory, which is made if missing.
    pub fn save(&self, directory: &Path) -> Result<(), CertError> {
        make(directory)?;
        let key = zeroize::Zeroizing::new(self.issuer.key().serialize_pem());
        write(&directory.join("ca.key"), key.as_bytes())?;
        write(&directory.join("ca.pem"), self.cert_pem.as_bytes())
    }

    /// Gives the authority's certificate as PEM.
    pub fn cert_pem(&self) -> &str {
        &self.cert_pem
    }

    /// Issues a process's certificate: a server under the given names and `localhost`, and a client with the role
    /// `service` under the first name.
    pub fn issue_server(&self, names: &[&str]) -> Result<Issued, CertError> {
        let name = names.first().ok_or(CertError::BadName)?;
        let mut hosts: Vec<String> = names.iter().map(ToString::to_string).collect();
        for local in ["localhost", "127.0.0.1", "::1"] {
            if !names.contains(&local) {
                hosts.push(local.to_owned());
            }
        }
        let mut params = CertificateParams::new(hosts)?;
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ServerAuth);
        self.issue(params, Role::Service, name)
    }

    /// Issues a client's certificate.
    pub fn issue_client(&self, role: Role, name: &str) -> Result<Issued, CertError> {
        self.issue(CertificateParams::default(), role, name)
    }

    fn issue(
        &self,
        mut params: CertificateParams,
        role: Role,
        name: &str,
    ) -> Result<Issued, CertError> {
        let caller = Caller::new(role, name).ok_or(CertError::BadName)?;
        let uri = caller.uri().try_into().map_err(|_| CertError::BadName)?;
        params.subject_alt_names.push(SanType::URI(uri));
        let subject = &mut params.distinguished_name;
        subject.push(DnType::CommonName, caller.to_string());
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ClientAuth);
        params.use_authority_key_identifier_extension = true;
        valid_from(&mut params, self.clock.now());
        let key = KeyPair::generate()?;
        Ok(Issued {
            cert_pem: params.signed_by(&key, &self.issuer)?.pem(),
            key_pem: Secret::new(key.serialize_pem()),
            ca_pem: self.cert_pem.clone(),
        })
    }
}

impl Issued {
    /// Writes `STEM.pem`, `STEM.key` and the authority's `ca.pem` into a directory.
    pub fn save(&self, directory: &Path, stem: &str) -> Result<TlsFiles, CertError> {
        make(directory)?;
        let files = TlsFiles::in_directory(directory, stem);
        write(&files.key, self.key_pem.expose().as_bytes())?;
        write(&files.cert, self.cert_pem.as_bytes())?;
        write(&files.ca, self.ca_pem.as_bytes())?;
        Ok(files)
    }
}

fn authority_params(now: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let subject = &mut params.distinguished_name;
    subject.push(DnType::CommonName, "Redress development authority");
    valid_from(&mut params, now);
    params
}

fn valid_from(params: &mut CertificateParams, now: Timestamp) {
    let day = |at: Timestamp| at.date_in(&jiff::tz::TimeZone::UTC).map(ymd);
    if let (Ok(from), Ok(until)) = (day(now - SKEW), day(now + VALIDITY)) {
        params.not_before = date_time_ymd(from.0, from.1, from.2);
        params.not_after = date_time_ymd(until.0, until.1, until.2);
    }
}

fn ymd(date: Date) -> (i32, u8, u8) {
    (
        date.year().into(),
        date.month().unsigned_abs(),
        date.day().unsigned_abs(),
    )
}

pub(super) fn expiry(pem: &str) -> Option<Timestamp> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
    let seconds = pem.parse_x509().ok()?.validity().not_after.timestamp();
    Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
}

fn read(path: &Path) -> Result<String, CertError> {
    fs::read_to_string(path).map_err(|source| CertError::Io {
        path: path.into(),
        source,
    })
}

fn make(directory: &Path) -> Result<(), CertError> {
    fs::create_dir_all(directory).map_err(|source| CertError::Io {
        path: directory.into(),
        source,
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), CertError> {
    write_private(path, bytes).map_err(|source| CertError::Io {
        path: path.into(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn der(pem: &str) -> Vec<u8> {
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        pem.contents
    }

    #[test]
    fn a_client_certificate_names_its_caller() {
        let authority = Authority::generate().unwrap();
        let issued = authority
            .issue_client(Role::Partner, "acme-bureau")
            .unwrap();
        let caller = Caller::from_certificate(&der(&issued.cert_pem)).unwrap();
        assert_eq!(caller.to_string(), "partner/acme-bureau");
        assert_eq!(Caller::from_certificate(&der(authority.cert_pem())), None);
        assert!(matches!(
            authority.issue_client(Role::Partner, "Acme Bureau"),
            Err(CertError::BadName)
        ));
    }

    #[test]
    fn a_server_certificate_is_a_service_too() {
        let authority = Authority::generate().unwrap();
        let issued = authority.issue_server(&["bureau-handoff"]).unwrap();
        let caller = Caller::from_certificate(&der(&issued.cert_pem)).unwrap();
        assert_eq!(caller.to_string(), "service/bureau-handoff");
    }

    #[test]
    fn a_saved_authority_loads_and_its_files_are_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        Authority::generate().unwrap().save(path).unwrap();
        let authority = Authority::load(path).unwrap();
        let issued = authority.issue_client(Role::Operator, "ops").unwrap();
        let files = issued.save(path, "operator-ops").unwrap();
        files.read().unwrap();
        for file in [&files.key, &path.join("ca.key")] {
            let mode = fs::metadata(file).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_missing_file_is_named_with_the_command_to_type() {
        let files = TlsFiles::in_directory(Path::new("/nowhere"), "x");
        let message = files.read().unwrap_err().to_string();
        assert!(message.contains("/nowhere/ca.pem") && message.contains("redress certs"));
    }

    #[test]
    fn certificates_live_for_ninety_days() {
        let authority = Authority::generate().unwrap();
        let left = expiry(authority.cert_pem())
            .unwrap()
            .since(Clock::system().now());
        assert!(left > Duration::from_hours(88 * 24) && left < Duration::from_hours(91 * 24));
    }
}
