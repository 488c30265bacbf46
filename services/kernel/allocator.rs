//! How the C library's allocator is set. It reads its settings from the environment when a process begins, so that a process
//! without them begins again with them.
//!
//! By default many threads have an arena of their own, where what one thread takes and another gives back stays, and once a
//! large piece was given back, pieces of its size come from there too. A bulk load then holds half as much memory again.

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    use std::ffi::OsStr;
    use std::os::unix::process::CommandExt;
    use std::process::Command;

    /// Names and values (<https://man7.org/linux/man-pages/man3/mallopt.3.html>). A threshold that is named stays; the default one
    /// is an eighth of this, and costs a bulk load a fifth more processor time.
    const SETTINGS: [(&str, &str); 2] = [
        ("MALLOC_ARENA_MAX", "2"),
        ("MALLOC_MMAP_THRESHOLD_", "1048576"),
    ];

    /// Says that a process has begun again: the C library takes the settings away from privileged programs.
    const DONE: &str = "REDRESS_ALLOCATOR_SET";

    /// Begins again where a setting is missing; where that fails, goes on without.
    #[expect(
        clippy::disallowed_methods,
        reason = "these settings are not the program's but the C library's"
    )]
    pub fn set() {
        let missing = SETTINGS.map(|(name, _)| std::env::var_os(name).is_none());
        let mut args = std::env::args_os();
        let (Ok(program), Some(name)) = (std::env::current_exe(), args.next()) else {
            return;
        };
        if missing.contains(&true) && std::env::var_os(DONE).is_none() {
            let wanted = SETTINGS.iter().zip(missing).filter(|(_, missing)| *missing);
            let wanted = wanted.map(|(setting, _)| setting);
            let _ = Command::new(program)
                .arg0(name)
                .args(args)
                .envs(wanted.map(|(name, value)| (OsStr::new(name), OsStr::new(value))))
                .env(DONE, "1")
                .exec();
        }
    }
}

/// Sees to it that the allocator is set: it may begin the process again, with the same id, arguments and open files, and must be
/// called before anything else is done.
pub fn set() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::set();
}
