//! What a machine lacks is said at the end of the run, and loudly; what is said in between scrolls away.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, OnceLock};

/// Counts the lines of its pipe until this process is gone, and then says how many tests did not run.
const MOURNER: &str = r#"
trap '' INT HUP TERM
skipped=$(wc -l)
printf '\n!!! %s %s TESTS DID NOT RUN: %s\n\n' "$skipped" "$1" "$2" >&2
"#;

/// PostgreSQL's server programs.
pub static POSTGRES: Missing = Missing::new(
    "PostgreSQL",
    "initdb and pg_ctl were found neither in REDRESS_TEST_POSTGRES_BIN nor in PATH nor in /usr/lib/postgresql/*/bin",
    "REDRESS_TEST_REQUIRE_POSTGRES",
);
/// Python with gRPC's packages.
pub static PYTHON: Missing = Missing::new(
    "Python",
    "python3 in PATH cannot import what .ci/requirements.txt lists: pip install -r .ci/requirements.txt",
    "REDRESS_TEST_REQUIRE_PYTHON",
);
/// Buf's program.
pub static BUF: Missing = Missing::new(
    "buf",
    "buf was not found in PATH: npm install @bufbuild/buf",
    "REDRESS_TEST_REQUIRE_BUF",
);

/// Node with gRPC's packages.
pub static NODE: Missing = Missing::new(
    "Node",
    "node in PATH cannot load @grpc/grpc-js and @grpc/proto-loader: npm install --prefix target/ci @grpc/grpc-js @grpc/proto-loader",
    "REDRESS_TEST_REQUIRE_NODE",
);

/// The right to mount a file system.
pub static MOUNT: Missing = Missing::new(
    "small disks",
    "a tmpfs could not be mounted: run the tests as root",
    "REDRESS_TEST_REQUIRE_MOUNT",
);

/// Something that tests need and a machine may lack.
pub struct Missing {
    what: &'static str,
    why: &'static str,
    /// Set to 1, it makes the lack an error.
    variable: &'static str,
    pipe: OnceLock<Mutex<ChildStdin>>,
}

impl Missing {
    const fn new(what: &'static str, why: &'static str, variable: &'static str) -> Self {
        Self {
            what,
            why,
            variable,
            pipe: OnceLock::new(),
        }
    }

    /// Notes that a test did not run. Fails where nothing may be skipped.
    pub fn skip(&self) {
        let required = env(self.variable).is_some_and(|value| value == "1");
        assert!(!required, "{}", self.why);
        let pipe = self.pipe.get_or_init(|| Mutex::new(self.mourner()));
        let mut pipe = pipe.lock().expect("no test panics while it skips");
        pipe.write_all(b"skipped\n").expect("the mourner lives");
    }

    #[expect(
        clippy::zombie_processes,
        reason = "it outlives this process: it mourns when its pipe closes"
    )]
    fn mourner(&self) -> ChildStdin {
        let why = format!("{} (with {}=1 this is an error)", self.why, self.variable);
        let mut command = Command::new("sh");
        command.args(["-c", MOURNER, "mourner", self.what, &why]);
        // A group of its own: an interrupt from the terminal reaches this process and not the mourner.
        command.stdin(Stdio::piped()).process_group(0);
        let mut mourner = command.spawn().expect("sh starts");
        mourner.stdin.take().expect("the pipe was asked for")
    }
}

/// Reads the environment of the test run.
#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment what the machine has; they have no settings"
)]
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
