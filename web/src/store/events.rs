//! What the worker says, put into the store.

use std::sync::Arc;

use leptos::prelude::*;
use protocol::{Event, Message};

use super::{Level, Notice, Progress, Workbench};

impl Workbench {
    /// Takes in one event.
    pub fn apply(self, message: &Message<Event>) {
        match &message.body {
            Event::Ready { model, options } => {
                self.outstanding.update_value(|outstanding| outstanding.engine_model = Some(model.clone()));
                self.model.set(model.clone());
                self.options.set(options.clone());
                self.ready.set(true);
            }
            Event::Backend(status) => {
                let before = self.backend.get_untracked();
                if status.stands_in && !before.as_ref().is_some_and(|before| before.stands_in) {
                    self.tell(format!(
                        "Training runs on the CPU: {}. That is quick enough for the small networks. For the large ones \
                         open this page in a current Chrome, Edge or Safari, with hardware acceleration switched on.",
                        status.reason
                    ));
                }
                if let Some(problem) = &status.problem
                    && before.is_none_or(|before| before.problem != status.problem)
                {
                    self.tell(format!("{}.", sentence(problem.clone())));
                }
                self.backend.set(Some(status.clone()));
            }
            Event::DataProgress { file, received_bytes, total_bytes } => {
                self.data_progress.set(Some(Progress {
                    file: file.clone(),
                    received_bytes: *received_bytes,
                    total_bytes: *total_bytes,
                }));
            }
            Event::Data(status) => {
                self.data_progress.set(None);
                self.evaluation.set(None);
                self.data.set(Some(status.clone()));
            }
            Event::Restarted { model, options, step } => self.restart(model, options, *step),
            Event::Status(status) => self.status.set(status.clone()),
            Event::Metrics { train, validation } => self.curves.update(|curves| {
                curves.train.extend_from_slice(train);
                curves.validation.extend(validation);
            }),
            Event::Inspection(inspection) => {
                // A picture chosen meanwhile is newer than the one that this is of.
                let is_newest = self.outstanding.with_value(|outstanding| outstanding.samples == 0);
                if is_newest && self.sample.get_untracked() != inspection.sample {
                    self.sample.set(inspection.sample);
                }
                let message = Message { body: inspection.clone(), arrays: message.arrays.clone() };
                self.inspection.set(Some(Arc::new(message)));
            }
            Event::Diverged { step, value, last_good_step } => self.notice.set(Some(Notice {
                level: Level::Error,
                text: format!(
                    "The loss became {value} at step {step}, so training stopped. Lower the learning rate, and \
                     reset or go back to the weights of step {last_good_step}."
                ),
                offer_restore: true,
            })),
            Event::DeviceLost { message } => self.warn(format!(
                "The GPU went away ({message}). Training goes on with the last weights; the badge names the engine."
            )),
            Event::Reply { .. } => {}
        }
    }

    fn restart(self, model: &nn::ModelSpec, options: &nn::TrainingOptions, step: u64) {
        self.outstanding.update_value(|outstanding| outstanding.engine_model = Some(model.clone()));
        let outstanding = self.outstanding.get_value();
        // What the user has changed meanwhile is newer than what the worker says here.
        if outstanding.models == 0 && self.is_valid_now() && self.model.with_untracked(|shown| shown != model)
        {
            self.model.set(model.clone());
        }
        if outstanding.options == 0 && self.options.with_untracked(|shown| shown != options) {
            self.options.set(options.clone());
        }
        self.curves.update(|curves| {
            curves.train.retain(|point| point.step <= step);
            curves.validation.retain(|point| point.step <= step);
        });
        self.evaluation.set(None);
        self.notice.update(|notice| {
            if notice.as_ref().is_some_and(|notice| notice.offer_restore) {
                *notice = None;
            }
        });
    }
}

/// With a capital letter at the beginning.
fn sentence(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}
