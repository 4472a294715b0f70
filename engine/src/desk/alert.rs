//! A future that stays awake for a moment when it has to wait: a statement takes SQLite's thread 5 to 60 microseconds, and
//! to put this thread to sleep meanwhile and to wake it again takes more than that, on a machine with idle cores twice as
//! much. Refuses to stay awake through a commit.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// How long a wait keeps the thread awake. Whoever else wants the core gets it meanwhile.
const AWAKE: Duration = Duration::from_micros(100);

/// A future with a thread of its own, which it may keep awake.
pub struct Alert<F> {
    inner: Pin<Box<F>>,
    bell: Arc<Bell>,
}

/// Whether the inner future was woken, and who sleeps until it is.
#[derive(Default)]
struct Bell {
    rung: AtomicBool,
    sleeper: Mutex<Option<Waker>>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        let sleeper = self.sleeper.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sleeper) = sleeper {
            sleeper.wake();
        }
    }
}

impl<F: Future> Alert<F> {
    pub fn new(inner: F) -> Self {
        Self { inner: Box::pin(inner), bell: Arc::default() }
    }
}

impl<F: Future> Future for Alert<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, outer: &mut Context<'_>) -> Poll<F::Output> {
        let waker = Waker::from(Arc::clone(&self.bell));
        loop {
            self.bell.rung.store(false, Ordering::Release);
            if let Poll::Ready(end) = self.inner.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Poll::Ready(end);
            }
            let began = Instant::now();
            while !self.bell.rung.load(Ordering::Acquire) && began.elapsed() < AWAKE {
                std::thread::yield_now();
            }
            if self.bell.rung.load(Ordering::Acquire) {
                continue;
            }
            *self.bell.sleeper.lock().unwrap_or_else(PoisonError::into_inner) = Some(outer.waker().clone());
            // Whoever rang before the sleeper was named rang for nobody.
            if !self.bell.rung.load(Ordering::Acquire) {
                return Poll::Pending;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn it_wakes_up_after_short_waits_and_after_long_ones() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
        let sum = runtime.block_on(Alert::new(async {
            let mut sum = 0;
            for micros in [0, 20, 90, 100, 110, 2_000].into_iter().cycle().take(60) {
                let (send, answer) = oneshot::channel();
                tokio::spawn(async move {
                    tokio::time::sleep(Duration::from_micros(micros)).await;
                    send.send(1).unwrap();
                });
                sum += answer.await.unwrap();
            }
            sum
        }));
        assert_eq!(sum, 60);
    }
}
