//! The desk: a bounded queue whose requests are carried out in batches, each batch one transaction.
//! Refuses to answer anybody before their batch is durable, and to let the queue grow beyond what it can serve.
//!
//! Nobody waits on a timer: the first request to arrive while nobody works starts a leader, the leader takes all that
//! is waiting, and what arrives meanwhile is the next batch. Under load the batches grow by themselves.

mod alert;

use crate::{Error, Said};
use alert::Alert;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;

/// The largest batch: large enough that a commit costs each request little, small enough that nobody waits long.
pub(crate) const BATCH_MAX: usize = 256;
/// How many people may wait: what a slow disk (200 requests a second) gets done before a page gives up after 20 seconds,
/// less a quarter. To wait a second is better than to be sent away, and whoever is sent away and comes again costs twice.
pub(crate) const PEOPLE_MAX: usize = 3_072;
/// How many pushes may wait: what the same disk gets done in the five seconds that WeChat waits for an answer.
pub(crate) const PUSHES_MAX: usize = 1_024;

/// What became of each request of a batch, in the order of the requests.
pub(crate) type Answers<A> = Result<Vec<A>, Error>;

/// Carries out batches of one desk.
pub(crate) trait Work: Send + Sync {
    /// What is asked.
    type Request: Send + Sync;
    /// What is answered.
    type Answer: Send;

    /// Carries out a batch in one transaction; must not answer before its commit.
    fn carry_out<'a>(
        &'a self,
        batch: &'a [&'a Self::Request],
    ) -> impl Future<Output = Answers<Self::Answer>> + Send + 'a;
}

/// A queue of requests `Q` that are answered by `A`.
pub(crate) struct Desk<Q, A> {
    line: Mutex<Line<Q, A>>,
    waiting_max: usize,
}

struct Line<Q, A> {
    waiting: VecDeque<Waiting<Q, A>>,
    /// True while a leader takes batches.
    led: bool,
}

struct Waiting<Q, A> {
    request: Q,
    answer: oneshot::Sender<Result<A, Error>>,
}

impl<Q, A> Desk<Q, A> {
    /// A desk at which so many may wait. Whoever comes after them is told at once to try again; nothing of theirs was
    /// begun.
    pub fn new(waiting_max: usize) -> Self {
        Self { line: Mutex::new(Line { waiting: VecDeque::new(), led: false }), waiting_max }
    }
}

impl<Q: Send + Sync, A: Send> Desk<Q, A> {
    /// Joins the queue. With `true` the caller must start a leader: nobody works yet.
    fn join(&self, request: Q) -> Result<(oneshot::Receiver<Result<A, Error>>, bool), Error> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        if line.waiting.len() >= self.waiting_max {
            return Err(Said::Busy.into());
        }
        let (answer, answered) = oneshot::channel();
        line.waiting.push_back(Waiting { request, answer });
        let must_lead = !std::mem::replace(&mut line.led, true);
        Ok((answered, must_lead))
    }

    /// The next batch; with nothing left the leader's work is over.
    fn next(&self) -> Option<Vec<Waiting<Q, A>>> {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        let n = line.waiting.len().min(BATCH_MAX);
        line.led = n > 0;
        (n > 0).then(|| line.waiting.drain(..n).collect())
    }

    /// Puts a request into the queue and waits for its durable answer. What `lead` makes calls [`Self::lead`]; it is made
    /// and started when nobody leads. Errors: the queue is full ([`Said::Busy`]); what the request's own batch met.
    pub async fn ask<L>(&self, request: Q, lead: impl FnOnce() -> L) -> Result<A, Error>
    where
        L: Future<Output = ()> + Send + 'static,
    {
        let (answered, must_lead) = self.join(request)?;
        if must_lead {
            start(lead());
        }
        // A leader that broke off rolled its transaction back: nothing was done, and the same request may come again.
        answered.await.unwrap_or_else(|_| Err(Said::Busy.into()))
    }

    /// Works until the queue is empty. A batch that fails is halved, down to the one request that alone gets the error.
    pub async fn lead(&self, work: &impl Work<Request = Q, Answer = A>) {
        let leading = Leading(&self.line);
        while let Some(batch) = self.next() {
            let (requests, answers): (Vec<Q>, Vec<_>) = batch.into_iter().map(|w| (w.request, w.answer)).unzip();
            let all: Vec<&Q> = requests.iter().collect();
            let results = halved(work, &all).await;
            for (answer, result) in answers.into_iter().zip(results) {
                // Whoever went away has their answer in the database.
                let _gone = answer.send(result).is_err();
            }
        }
        std::mem::forget(leading);
    }
}

/// Starts a leader on a thread of its own. Among the tasks it would wait behind hundreds of connections for its turn,
/// after each statement again, and they all wait for it: that took half of a batch's time. Where everything runs in one
/// thread, so does the leader.
fn start(lead: impl Future<Output = ()> + Send + 'static) {
    let runtime = Handle::current();
    if runtime.runtime_flavor() == RuntimeFlavor::CurrentThread {
        runtime.spawn(lead);
    } else {
        let here = runtime.clone();
        runtime.spawn_blocking(move || here.block_on(Alert::new(lead)));
    }
}

/// A leader that breaks off (a panic in a batch) gives the place free for the next one.
struct Leading<'a, Q, A>(&'a Mutex<Line<Q, A>>);

impl<Q, A> Drop for Leading<'_, Q, A> {
    fn drop(&mut self) {
        let mut line = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        line.led = false;
        // Nobody would lead those who wait now: they are told to come again.
        line.waiting.clear();
    }
}

/// Carries out a batch; where it fails, its halves.
async fn halved<W: Work>(work: &W, all: &[&W::Request]) -> Vec<Result<W::Answer, Error>> {
    let mut results: Vec<Option<Result<W::Answer, Error>>> = all.iter().map(|_| None).collect();
    let mut parts = Vec::from([std::ops::Range { start: 0, end: all.len() }]);
    while let Some(part) = parts.pop() {
        match work.carry_out(&all[part.clone()]).await {
            Ok(answers) if answers.len() == part.len() => {
                part.zip(answers).for_each(|(at, answer)| results[at] = Some(Ok(answer)));
            }
            Ok(_) => part.for_each(|at| results[at] = Some(Err(Error::broken("a batch lost an answer")))),
            Err(error) if part.len() == 1 => results[part.start] = Some(Err(error)),
            Err(error) => {
                tracing::warn!(%error, requests = part.len(), "a batch failed; its halves are tried");
                let middle = part.start + part.len() / 2;
                // The earlier half is taken first: the order of arrival decides who gets the last of a budget.
                parts.push(middle..part.end);
                parts.push(part.start..middle);
            }
        }
    }
    results.into_iter().map(|r| r.unwrap_or_else(|| Err(Error::broken("a batch forgot a request")))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    struct Counter {
        desk: Desk<usize, usize>,
        batches: AtomicUsize,
    }

    impl Work for Counter {
        type Request = usize;
        type Answer = usize;

        async fn carry_out<'a>(&'a self, batch: &'a [&'a usize]) -> Answers<usize> {
            self.batches.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            if batch.contains(&&13) {
                return Err(Error::conflict("thirteen"));
            }
            Ok(batch.iter().map(|n| **n * 2).collect())
        }
    }

    impl Counter {
        async fn ask(self: &Arc<Self>, n: usize) -> Result<usize, Error> {
            let leader = Arc::clone(self);
            let lead = || async move { leader.desk.lead(&*leader).await };
            self.desk.ask(n, lead).await
        }
    }

    fn counter() -> Arc<Counter> {
        Arc::new(Counter { desk: Desk::new(PEOPLE_MAX), batches: AtomicUsize::new(0) })
    }

    #[tokio::test]
    async fn everybody_gets_their_own_answer_in_few_batches() {
        let counter = counter();
        let answers = join_all((100..600).map(|n| counter.ask(n))).await;
        for (n, answer) in (100..600).zip(answers) {
            assert_eq!(answer.unwrap(), n * 2);
        }
        assert!(counter.batches.load(Ordering::Relaxed) <= 4);
        assert_eq!(counter.ask(1).await.unwrap(), 2, "the desk opens again after it was idle");
    }

    #[tokio::test]
    async fn one_that_fails_fails_alone() {
        let counter = counter();
        let answers = join_all((0..64).map(|n| counter.ask(n))).await;
        let failed: Vec<_> = answers.iter().enumerate().filter(|(_, a)| a.is_err()).map(|(n, _)| n).collect();
        assert_eq!(failed, [13]);
    }

    #[tokio::test]
    async fn whoever_comes_to_a_full_queue_is_told_at_once() {
        let counter = counter();
        let answers = join_all((100..100 + PEOPLE_MAX + 10).map(|n| counter.ask(n))).await;
        let busy = answers.iter().filter(|a| a.as_ref().is_err_and(Error::is_busy)).count();
        assert_eq!(busy, 10);
    }
}
