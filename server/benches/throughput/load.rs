//! The load: a fixed number of keep-alive connections that send prepared requests and read each answer in full.
//! Refuses to count an answer that was not asked about: `Run::all` looks at every one.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No run may take longer.
const LONGEST: Duration = Duration::from_secs(120);

/// What came of sending some requests.
pub struct Run {
    /// The answers, in the order of the requests.
    pub answers: Vec<String>,
    /// How long each "busy, try again" took that came before an answer.
    pub refusals: Vec<Duration>,
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
        within_ms(&self.waits, percent)
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

/// Milliseconds within which `percent` of the waits ended; 0 without any.
pub fn within_ms(waits: &[Duration], percent: usize) -> f64 {
    let mut waits = waits.to_vec();
    waits.sort_unstable();
    let at = (waits.len() * percent / 100).min(waits.len().saturating_sub(1));
    waits.get(at).map_or(0.0, |wait| wait.as_secs_f64() * 1000.0)
}

/// Sends `requests` over `connections` connections, each as soon as the one before it was answered. A request that is
/// answered "busy" (503) goes to the end of the queue and is sent again.
pub fn run(addr: SocketAddr, connections: usize, requests: &[Vec<u8>]) -> Result<Run, String> {
    let said = |error: std::io::Error| format!("the load over {connections} connections broke off: {error}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(said)?;
    let bounded = async { tokio::time::timeout(LONGEST, exchange(addr, connections, requests)).await };
    match runtime.block_on(bounded) {
        Ok(done) => done.map_err(said),
        Err(_) => Err(format!("the load over {connections} connections was not done after {LONGEST:?}")),
    }
}

/// What the connections share: whose turn it is, and what came of it.
struct Queue<'a> {
    requests: &'a [Vec<u8>],
    next: RefCell<VecDeque<usize>>,
    done: RefCell<Vec<(usize, String, Duration)>>,
    refusals: RefCell<Vec<Duration>>,
}

async fn exchange(addr: SocketAddr, connections: usize, requests: &[Vec<u8>]) -> std::io::Result<Run> {
    let mut streams = Vec::new();
    for _ in 0..connections {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        streams.push(stream);
    }
    let queue = Queue {
        requests,
        next: RefCell::new((0..requests.len()).collect()),
        done: RefCell::default(),
        refusals: RefCell::default(),
    };
    let began = Instant::now();
    futures::future::try_join_all(streams.into_iter().map(|stream| connection(stream, &queue))).await?;
    let took = began.elapsed();
    let mut done = queue.done.into_inner();
    done.sort_unstable_by_key(|(at, _, _)| *at);
    let waits = done.iter().map(|(_, _, wait)| *wait).collect();
    let answers = done.into_iter().map(|(_, answer, _)| answer).collect();
    Ok(Run { answers, refusals: queue.refusals.into_inner(), waits, took })
}

async fn connection(mut stream: TcpStream, queue: &Queue<'_>) -> std::io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        let next = queue.next.borrow_mut().pop_front();
        let Some(at) = next else { return Ok(()) };
        let asked = Instant::now();
        stream.write_all(&queue.requests[at]).await?;
        buffer.clear();
        while !is_whole(&buffer) {
            if stream.read_buf(&mut buffer).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
        }
        let answer = String::from_utf8_lossy(&buffer).into_owned();
        if answer.starts_with("HTTP/1.1 503") {
            queue.refusals.borrow_mut().push(asked.elapsed());
            queue.next.borrow_mut().push_back(at);
        } else {
            queue.done.borrow_mut().push((at, answer, asked.elapsed()));
        }
    }
}

/// True when the head and, by its Content-Length, the body are there. No side sends chunks to these requests.
fn is_whole(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    answer.len() >= end + 4 + length.unwrap_or(0)
}
