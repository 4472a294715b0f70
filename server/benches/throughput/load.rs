//! The load: a fixed number of keep-alive connections that send prepared requests and read each answer in full.
//! Refuses to count an answer that was not asked about: `Run::all` looks at every one.

use crate::cpu;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came of sending some requests.
pub struct Run {
    /// The answers, in the order of the requests.
    pub answers: Vec<String>,
    /// Processor seconds that everything but the load used meanwhile.
    pub server_cpu_secs: f64,
    waits: Vec<Duration>,
    took: Duration,
}

impl Run {
    /// Requests answered a second.
    pub fn per_sec(&self) -> f64 {
        self.answers.len() as f64 / self.took.as_secs_f64()
    }

    /// Milliseconds within which `percent` of the requests were answered.
    pub fn within_ms(&self, percent: usize) -> f64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        let at = (waits.len() * percent / 100).min(waits.len().saturating_sub(1));
        waits.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
    }

    /// Errors when an answer is not as it should be; it is quoted.
    pub fn all(&self, right: impl Fn(&str) -> bool) -> Result<(), String> {
        match self.answers.iter().find(|answer| !right(answer)) {
            None => Ok(()),
            Some(wrong) => {
                Err(format!("an answer was not as expected: {}", wrong.chars().take(600).collect::<String>()))
            }
        }
    }
}

/// Sends `requests` over `connections` connections, each as soon as the one before it was answered.
pub fn run(addr: SocketAddr, connections: usize, requests: &[Vec<u8>]) -> Result<Run, String> {
    let said = |error: std::io::Error| format!("the load over {connections} connections broke off: {error}");
    // A thread of its own, so that its name tells whose processor time it is.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("load".to_owned()).spawn_scoped(scope, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(exchange(addr, connections, requests))
        });
        thread.map_err(said)?.join().map_err(|_| "the load panicked".to_owned())?.map_err(said)
    })
}

async fn exchange(addr: SocketAddr, connections: usize, requests: &[Vec<u8>]) -> std::io::Result<Run> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let next = AtomicUsize::new(0);
    let (cpu_before, began) = (cpu::server_secs(), Instant::now());
    let parts = futures::future::try_join_all(streams.into_iter().map(|stream| connection(stream, requests, &next)));
    let mut done: Vec<(usize, String, Duration)> = parts.await?.into_iter().flatten().collect();
    let (took, server_cpu_secs) = (began.elapsed(), cpu::server_secs() - cpu_before);
    done.sort_unstable_by_key(|(at, _, _)| *at);
    let waits = done.iter().map(|(_, _, wait)| *wait).collect();
    let answers = done.into_iter().map(|(_, answer, _)| answer).collect();
    Ok(Run { answers, server_cpu_secs, waits, took })
}

async fn connection(
    mut stream: TcpStream,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
) -> std::io::Result<Vec<(usize, String, Duration)>> {
    let mut done = Vec::new();
    let mut buffer = Vec::new();
    loop {
        let at = next.fetch_add(1, Ordering::Relaxed);
        let Some(request) = requests.get(at) else { return Ok(done) };
        let asked = Instant::now();
        stream.write_all(request).await?;
        buffer.clear();
        while !is_whole(&buffer) {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        done.push((at, String::from_utf8_lossy(&buffer).into_owned(), asked.elapsed()));
    }
}

/// True when the head and, by its Content-Length, the body are there. The server sends no chunks to these requests.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    answer.len() >= end + 4 + length.unwrap_or(0)
}
