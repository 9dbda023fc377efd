//! All that was said: logs, errors, `Debug`.

use std::{
    error::Error,
    fmt::{Debug, Write as _},
    io,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use tracing_subscriber::filter::LevelFilter;

/// Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<String>>);

impl Said {
    /// What this program says, from now on with all of its logs. A program has one log, whichever test fills it.
    pub(crate) fn by_anybody() -> Self {
        static SAID: LazyLock<Said> = LazyLock::new(|| {
            let said = Said::default();
            let writer = said.clone();
            let log = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
            log.with_writer(move || writer.clone()).init();
            said
        });
        SAID.clone()
    }

    pub(crate) fn debug(&self, thing: &impl Debug) {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(said, "{thing:?} {thing:#?}").unwrap();
    }

    pub(crate) fn error(&self, error: &(dyn Error + 'static)) {
        self.debug(&error);
        let mut next = Some(error);
        while let Some(error) = next {
            self.debug(&error.to_string());
            next = error.source();
        }
    }

    pub(crate) fn answer(&self, answer: &Result<impl Debug, impl Error + 'static>) {
        match answer {
            Ok(answer) => self.debug(answer),
            Err(error) => self.error(error),
        }
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl io::Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
