//! Connections that wait for the next letter.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::session::Session;

/// Holds sessions between letters, and ends those that have waited for too long. A session in use
/// is not in here: one that is dropped half-way never comes back.
pub(super) struct Kept {
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// With the time at which each is given up; the earliest first.
    waiting: Vec<(Session, Instant)>,
    /// Whether somebody sees to it that they are.
    watched: bool,
}

impl Kept {
    pub(super) fn new(patience: Duration) -> Arc<Self> {
        Arc::new(Self { patience, state: Mutex::default() })
    }

    /// The one that was used last.
    pub(super) fn take(&self) -> Option<Session> {
        let (session, until) = self.state().waiting.pop()?;
        (Instant::now() < until).then_some(session)
    }

    pub(super) fn put(self: &Arc<Self>, session: Session) {
        let mut state = self.state();
        // Too far away to be named is as good as a day.
        let now = Instant::now();
        let until = now.checked_add(self.patience).unwrap_or(now + Duration::from_secs(86_400));
        state.waiting.push((session, until));
        if !state.watched {
            state.watched = true;
            tokio::spawn(watch(Arc::downgrade(self)));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn watch(kept: Weak<Kept>) {
    loop {
        let next = {
            let Some(kept) = kept.upgrade() else { return };
            let mut state = kept.state();
            let Some((_, until)) = state.waiting.first() else {
                state.watched = false;
                return;
            };
            *until
        };
        sleep_until(next).await;
        let over = {
            let Some(kept) = kept.upgrade() else { return };
            let mut state = kept.state();
            let now = Instant::now();
            let count = state.waiting.iter().take_while(|(_, until)| *until <= now).count();
            state.waiting.drain(..count).collect::<Vec<_>>()
        };
        for (session, _) in over {
            session.quit().await;
        }
    }
}
