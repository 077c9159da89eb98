//! Restarts: runs of EM from different starts. Only the best is kept.

use crate::control::{Control, Stop};
use crate::em::run::EmRun;

/// The run with the highest bound; the first wins a tie.
pub(crate) struct Best {
    pub(crate) run: EmRun,
    /// The restart that it came from.
    pub(crate) restart: usize,
    /// Iterations of all restarts together.
    pub(crate) n_iter: usize,
}

/// The results of the restarts so far, in order.
pub(crate) struct Restarts<E> {
    best: Option<(EmRun, usize)>,
    refused: Option<E>,
    n_iter: usize,
    n_taken: usize,
    ended: Option<Stop>,
}

impl<E> Restarts<E> {
    /// No restart yet.
    pub(crate) fn new() -> Self {
        Restarts { best: None, refused: None, n_iter: 0, n_taken: 0, ended: None }
    }

    /// Whether further restarts are ignored.
    pub(crate) fn is_ended(&self) -> bool {
        self.ended.is_some()
    }

    /// Takes the next restart, or the reason why it was not begun. A restart that was stopped from outside is the
    /// last.
    pub(crate) fn take(&mut self, run: Result<Result<EmRun, E>, Stop>) {
        if self.is_ended() {
            return;
        }
        let restart = self.n_taken;
        self.n_taken += 1;
        match run {
            Err(stop) => self.ended = Some(stop),
            Ok(Err(error)) => self.refused = self.refused.take().or(Some(error)),
            Ok(Ok(run)) => {
                self.n_iter += run.lower_bounds.len();
                if run.stop.is_external() {
                    self.ended = Some(run.stop.clone());
                }
                if self.best.as_ref().is_none_or(|(best, _)| run.lower_bound() > best.lower_bound()) {
                    self.best = Some((run, restart));
                }
            }
        }
    }

    /// Runs the restarts one after the other.
    ///
    /// # Errors
    ///
    /// As [`Restarts::best`].
    pub(crate) fn in_turn(
        n_init: usize,
        control: &mut Control<'_>,
        mut run: impl FnMut(usize, &mut Control<'_>) -> Result<EmRun, E>,
    ) -> Result<Best, E> {
        let mut restarts = Restarts::new();
        for restart in 0..n_init {
            // The first restart always runs, even after the time budget, so that there is a result to return.
            let ended = if restart > 0 { control.ended() } else { None };
            restarts.take(ended.map_or_else(|| Ok(run(restart, control)), Err));
            if restarts.is_ended() {
                break;
            }
        }
        restarts.best()
    }

    /// The best run.
    ///
    /// # Errors
    ///
    /// The first refusal, if every restart was refused. One success is enough for a result.
    pub(crate) fn best(self) -> Result<Best, E> {
        match (self.best, self.refused) {
            (Some((mut run, restart)), _) => {
                run.stop = self.ended.unwrap_or(run.stop);
                Ok(Best { run, restart, n_iter: self.n_iter })
            }
            (None, Some(error)) => Err(error),
            (None, None) => unreachable!("n_init is at least 1, and the first restart is never late"),
        }
    }
}
