//! Processor time and memory, as Linux reports them in `/proc`.

use std::fs;
use std::time::Duration;

/// Gives the processor time that a process has used, user and system, in seconds.
pub fn cpu_seconds(pid: u32) -> Option<f64> {
    /// Fields after the command's name, which may hold anything: see proc_pid_stat(5).
    const USER: usize = 11;
    const SYSTEM: usize = 12;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
    let a_second = u32::try_from(rustix::param::clock_ticks_per_second()).ok()?;
    Some(f64::from(ticks(USER)? + ticks(SYSTEM)?) / f64::from(a_second))
}

/// Gives the most memory that a process ever held, in MiB, where the system reports it.
pub fn peak_memory_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kib: u32 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some((f64::from(kib) / 1024.0 * 10.0).round() / 10.0)
}

/// Gives the share of idle processor time during one second.
pub async fn idle_share() -> Option<f64> {
    let before = processors()?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = processors()?;
    let total = after.total.checked_sub(before.total)?;
    let idle = after.idle.checked_sub(before.idle)?;
    (total > 0).then(|| f64::from(idle) / f64::from(total))
}

struct Processors {
    idle: u32,
    total: u32,
}

/// Reads the first line of `/proc/stat`: user, nice, system, idle, iowait and others, in ticks since the start.
fn processors() -> Option<Processors> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let ticks = stat.lines().next()?.split_whitespace().skip(1);
    let ticks: Vec<u64> = ticks.filter_map(|ticks| ticks.parse().ok()).collect();
    // Only differences count, and they are small.
    let low = |ticks: u64| u32::try_from(ticks & u64::from(u32::MAX >> 1)).ok();
    Some(Processors {
        idle: low(ticks.get(3)? + ticks.get(4)?)?,
        total: low(ticks.iter().take(8).sum())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn this_process_and_this_machine_can_be_read() {
        let used = cpu_seconds(std::process::id()).unwrap();
        assert!((0.0..100_000.0).contains(&used), "{used}");
        let idle = idle_share().await.unwrap();
        assert!((0.0..=1.0).contains(&idle), "{idle}");
    }
}
