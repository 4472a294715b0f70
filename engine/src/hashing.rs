//! Password hashing: it takes 19 MB and a core each time, so two work at once and a few wait in line.
//! Refuses everybody beyond that, at once: a flood of sign-ins must not take the machine from the followers.

use crate::{Error, Said};
use std::sync::Arc;
use tokio::sync::Semaphore;

const AT_ONCE: usize = 2;
const IN_LINE: usize = 8;

/// Where passwords are hashed.
pub(crate) struct Hashing {
    /// Those at work and those in line.
    places: Arc<Semaphore>,
    /// Those at work.
    turns: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE + IN_LINE)), turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Hashing {
    /// Does one piece of work in its turn. Errors: busy. Work whose caller went away keeps its turn until it is done.
    pub(crate) async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| Error::from(Said::Busy))?;
        let turn = self.turns.clone().acquire_owned().await.map_err(Error::broken)?;
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((turn, place));
            done
        });
        working.await.map_err(Error::broken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    #[tokio::test]
    async fn two_work_a_few_wait_and_the_rest_are_told_at_once() {
        let hashing = Arc::new(Hashing::default());
        let most = Arc::new(AtomicUsize::new(0));
        let now = Arc::new(AtomicUsize::new(0));
        let (let_go, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        let tasks: Vec<_> = (0..AT_ONCE + IN_LINE)
            .map(|_| {
                let (hashing, most, now, held) = (hashing.clone(), most.clone(), now.clone(), held.clone());
                tokio::spawn(async move {
                    let work = move || {
                        most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        held.lock().unwrap().recv().unwrap();
                        now.fetch_sub(1, Ordering::SeqCst);
                    };
                    hashing.run(work).await
                })
            })
            .collect();
        while hashing.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let refused = hashing.run(|| ()).await.expect_err("the line is full");
        assert!(refused.is_busy());
        for _ in &tasks {
            let_go.send(()).unwrap();
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= AT_ONCE);
        hashing.run(|| ()).await.expect("there is room again");
    }

    #[tokio::test]
    async fn a_caller_who_goes_away_frees_no_turn_early() {
        let hashing = Arc::new(Hashing::default());
        let (begun, begins) = mpsc::channel();
        let (let_go, held) = mpsc::channel::<()>();
        let calling = hashing.clone();
        let task = tokio::spawn(async move {
            let work = move || {
                begun.send(()).unwrap();
                held.recv().unwrap();
            };
            calling.run(work).await
        });
        while begins.try_recv().is_err() {
            tokio::task::yield_now().await;
        }
        task.abort();
        assert!(task.await.is_err_and(|gone| gone.is_cancelled()));
        assert_eq!(hashing.turns.available_permits(), AT_ONCE - 1, "the core is still taken");
        let_go.send(()).unwrap();
        while hashing.turns.available_permits() < AT_ONCE {
            tokio::task::yield_now().await;
        }
    }
}
