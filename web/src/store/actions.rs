//! What the page asks of the worker.

use leptos::prelude::*;
use leptos::task::spawn_local;
use nn::TrainingOptions;
use protocol::{Array, Command, Reply, Sample, Until};

use crate::link::Answer;

use super::{Level, Notice, Workbench};

/// More workers than this are refused.
pub const MOST_WORKERS: usize = 16;

/// A number of workers in words: `auto` for as many as are fastest, or a number; none where it is neither.
pub fn workers_named(text: &str) -> Option<Option<usize>> {
    match text {
        "auto" => Some(None),
        number => number.parse().ok().filter(|n| (1..=MOST_WORKERS).contains(n)).map(Some),
    }
}

impl Workbench {
    /// Sends a command whose reply says nothing more; a failure becomes a notice.
    pub fn send(self, command: Command) {
        self.ask(command, Vec::new(), |_, _| {});
    }

    /// Sends a command and hands its reply on; a failure becomes a notice.
    pub fn ask(self, command: Command, arrays: Vec<Array>, then: impl FnOnce(Reply, Vec<Array>) + 'static) {
        let answer = self.engine.send(command, arrays);
        spawn_local(async move {
            match answer.await {
                Ok((reply, arrays)) => then(reply, arrays),
                Err(error) => self.warn(error),
            }
        });
    }

    /// Shows what failed.
    pub fn warn(self, text: impl Into<String>) {
        self.notice.set(Some(Notice { level: Level::Error, text: text.into(), offer_restore: false }));
    }

    /// Shows something good to know, unless something that failed is still on show.
    pub fn tell(self, text: impl Into<String>) {
        if self.notice.with_untracked(|shown| shown.as_ref().is_some_and(|shown| shown.level == Level::Error))
        {
            return;
        }
        self.notice.set(Some(Notice { level: Level::Info, text: text.into(), offer_restore: false }));
    }

    /// Whether a run can start: the worker has data, and the network on screen is valid.
    pub fn can_train(self) -> bool {
        self.data.with(Option::is_some) && self.is_valid()
    }

    /// Whether the network on screen, which is then the worker's too, is valid.
    ///
    /// # Errors
    /// What to do where it is not.
    pub fn check_valid_now(self) -> Result<(), String> {
        if self.is_valid_now() {
            return Ok(());
        }
        Err("the network on screen does not fit together; undo, repair it, or call setModel".to_owned())
    }

    fn can_train_now(self) -> bool {
        self.data.with_untracked(Option::is_some) && self.is_valid_now()
    }

    /// Trains, or ends the run in progress.
    pub fn toggle_training(self) {
        if self.status.with_untracked(|status| status.running) {
            self.send(Command::Pause);
        } else if self.can_train_now() {
            self.send(Command::Train { until: Until::Paused });
        }
    }

    /// Trains to an end, if the network allows it.
    pub fn train(self, until: Until) {
        if self.can_train_now() {
            self.send(Command::Train { until });
        }
    }

    /// Changes the training options on screen, and in the worker where they are in range.
    pub fn change_options(self, change: impl FnOnce(&mut TrainingOptions)) {
        let mut options = self.options.get_untracked();
        change(&mut options);
        if let Err(error) = options.check() {
            self.warn(error.to_string());
            self.options.update(|_| {}); // Puts the value in force back into its field.
            return;
        }
        let before = self.options.get_untracked();
        let answer = self.submit_options(options);
        spawn_local(async move {
            if let Err(error) = answer.await {
                self.warn(error);
                // What is refused has changed nothing.
                if self.outstanding.with_value(|outstanding| outstanding.options == 0) {
                    self.options.set(before);
                }
            }
        });
    }

    /// Puts options on screen and sends them; they have to be in range.
    pub fn submit_options(self, options: TrainingOptions) -> impl Future<Output = Result<(), String>> {
        self.options.set(options.clone());
        self.outstanding.update_value(|outstanding| outstanding.options += 1);
        let answer = self.engine.send(Command::SetOptions { options }, Vec::new());
        async move {
            let answer = answer.await;
            self.outstanding.update_value(|outstanding| outstanding.options -= 1);
            answer.map(|_| ())
        }
    }

    /// Chooses the picture that everything on screen follows.
    pub fn select_sample(self, sample: Sample) {
        let answer = self.submit_sample(sample, Command::Select { sample }, Vec::new());
        spawn_local(async move {
            if let Err(error) = answer.await {
                self.warn(error);
            }
        });
    }

    /// Puts a picture on screen and sends the command that chooses it.
    pub fn submit_sample(
        self,
        sample: Sample,
        command: Command,
        arrays: Vec<Array>,
    ) -> impl Future<Output = Answer> {
        self.sample.set(sample);
        self.outstanding.update_value(|outstanding| outstanding.samples += 1);
        let answer = self.engine.send(command, arrays);
        async move {
            let answer = answer.await;
            self.outstanding.update_value(|outstanding| outstanding.samples -= 1);
            answer
        }
    }
}
