//! A side's process: it serves on an address of its own until its standard input closes.
//! Refuses to outlive the bench: however the bench ends, the pipe to it closes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// Kernel ticks a second, as Linux tells user programs on every machine.
const TICKS_PER_SEC: f64 = 100.0;

/// A process that answers.
pub struct Process {
    /// Where it listens.
    pub addr: SocketAddr,
    /// What else it said about itself when it was ready.
    pub about: String,
    child: Child,
}

impl Process {
    /// Starts it and waits for its first line, `ready ADDRESS …`. Errors with that line when it is another one.
    pub fn start(command: &mut Command) -> Result<Self, String> {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().map_err(|error| format!("{} does not start: {error}", named(command)))?;
        let mut line = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut line).map_err(|error| format!("{}: {error}", named(command)))?;
        }
        let mut words = line.trim().splitn(3, ' ');
        let addr = match (words.next(), words.next().map(str::parse)) {
            (Some("ready"), Some(Ok(addr))) => addr,
            _ => {
                drop(child.stdin.take());
                let _code = child.wait();
                return Err(if line.is_empty() { format!("{} ended", named(command)) } else { line.trim().to_owned() });
            }
        };
        Ok(Self { addr, about: words.next().unwrap_or_default().to_owned(), child })
    }

    /// Seconds of processor time it has used so far; 0 where the kernel tells nothing.
    pub fn cpu_secs(&self) -> f64 {
        self.kernel_says("stat").and_then(|stat| ticks(&stat)).unwrap_or(0.0) / TICKS_PER_SEC
    }

    /// The most memory it ever held, in megabytes; `None` where the kernel tells nothing.
    pub fn peak_mb(&self) -> Option<f64> {
        let status = self.kernel_says("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<f64>().ok()? / 1024.0)
    }

    fn kernel_says(&self, file: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).ok()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            println!("a process of the bench cannot be waited for: {error}");
        }
    }
}

fn named(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

/// The fields 14 and 15 of a process' line: time in user mode and in the kernel.
fn ticks(stat: &str) -> Option<f64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?)
}

/// A port of this machine that nobody listens on now.
pub fn free_port() -> Result<u16, String> {
    let said = |error: std::io::Error| format!("there is no free port: {error}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(said)?;
    Ok(listener.local_addr().map_err(said)?.port())
}
