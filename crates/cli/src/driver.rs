//! Drives a session as the page's worker does: a command in, events out until the reply comes.

use std::path::Path;

use data::Dataset;
use eyre::{Context, Result};
use nn::{ModelSpec, TrainingOptions};
use pollster::block_on;
use protocol::{
    Array, BackendChoice, BackendKind, BackendStatus, Command, DataStatus, Event, Message, Reply, Request,
};
use serde_json::{Value, json};
use trainer::Session;

use crate::arguments::Common;
use crate::report::{Failed, Report};
use crate::{model, weights};

/// A session and the number of the last request.
pub struct Driver {
    session: Session,
    last_id: u32,
}

impl Driver {
    /// Starts a session on the backend that is asked for; where any will do, on the one that a trial finds the fastest.
    pub fn new(
        model: ModelSpec,
        options: TrainingOptions,
        dataset: Dataset,
        backend: BackendChoice,
        n_threads: usize,
    ) -> Result<Self> {
        let mut session = block_on(Session::new(model, options, dataset, backend))?;
        block_on(session.set_workers(Some(n_threads)))?;
        while session.is_busy() {
            block_on(session.advance());
        }
        while session.is_trying() {
            block_on(session.try_next(async || {}));
        }
        // Whoever starts a session says what came of this.
        drop(session.events());
        Ok(Self { session, last_id: 0 })
    }

    /// Starts a session with trained weights from a file.
    pub fn with_weights(common: &Common, file: &Path, dataset: Dataset) -> Result<Self> {
        let bytes = weights::read(file)?;
        let model = model::choose(common.model.as_deref(), Some(&bytes))?;
        let options = TrainingOptions { seed: common.seed, ..TrainingOptions::default() };
        let mut driver = Self::new(model, options, dataset, common.backend.into(), 1)?;
        driver.set_weights(bytes).wrap_err_with(|| file.display().to_string())?;
        Ok(driver)
    }

    /// Says which engine runs.
    pub fn report_backend(&self, report: &Report) -> Result<()> {
        let (event, text) = backend(self.session.backend());
        report.say(&event, &text)
    }

    /// Says which data are in use.
    pub fn report_data(&self, report: &Report) -> Result<DataStatus> {
        let status = self.session.data_status();
        let mut event = serde_json::to_value(&status)?;
        event["event"] = "data".into();
        let DataStatus { name, origin, n_train, n_validation, n_test, .. } = &status;
        let verified = if status.verified_mnist { ", MNIST byte for byte" } else { "" };
        let text = format!(
            "data: {name}, {origin}{verified}; {n_train} to learn from, {n_validation} for validation, {n_test} for the test"
        );
        report.say(&event, &text)?;
        Ok(status)
    }

    /// Sends a command and works until its reply comes; `listen` hears every other event, in order.
    pub fn ask(
        &mut self,
        command: Command,
        arrays: Vec<Array>,
        mut listen: impl FnMut(&Event) -> Result<()>,
    ) -> Result<(Reply, Vec<Array>)> {
        self.last_id += 1;
        let body = Request { id: self.last_id, command };
        block_on(self.session.handle(Message { body, arrays }));
        loop {
            let mut answer = None;
            for message in self.session.events() {
                match message.body {
                    Event::Reply { id, result } if id == self.last_id => {
                        answer = Some((result, message.arrays));
                    }
                    event => listen(&event)?,
                }
            }
            match answer {
                Some((Ok(reply), arrays)) => return Ok((reply, arrays)),
                Some((Err(refused), _)) => return Err(eyre::Report::msg(refused)),
                None if self.session.is_busy() => block_on(self.session.advance()),
                None => return Err(Failed("the session has no answer".into()).into()),
            }
        }
    }

    /// As [`Driver::ask`], for commands that carry nothing and whose events nobody needs.
    pub fn ask_quietly(&mut self, command: Command) -> Result<(Reply, Vec<Array>)> {
        self.ask(command, Vec::new(), |_| Ok(()))
    }

    /// Replaces the weights with those of a safetensors file.
    pub fn set_weights(&mut self, bytes: Vec<u8>) -> Result<()> {
        self.ask(Command::SetWeights, vec![Array::U8(bytes)], |_| Ok(()))?;
        Ok(())
    }

    /// The weights as the bytes of a safetensors file.
    pub fn weights(&mut self) -> Result<Vec<u8>> {
        match self.ask_quietly(Command::Weights)?.1.pop() {
            Some(Array::U8(bytes)) => Ok(bytes),
            _ => Err(Failed("the session gives no weights".into()).into()),
        }
    }
}

/// The engine's line, for programs and for people.
pub fn backend(status: &BackendStatus) -> (Value, String) {
    let BackendStatus { name, reason, n_workers, .. } = status;
    let (kind, extent) = match status.kind {
        BackendKind::Gpu if status.software => ("gpu", " (a software adapter)".to_owned()),
        BackendKind::Gpu => ("gpu", String::new()),
        BackendKind::Cpu => ("cpu", format!(", threads: {n_workers}")),
    };
    let event = json!({
        "event": "backend",
        "kind": kind,
        "name": name,
        "reason": reason,
        "software": status.software,
        "threads": n_workers,
        "dispatches_per_step": status.dispatches_per_step,
        "trials": status.trials,
        "pictures": status.pictures,
    });
    (event, format!("backend: {kind}, {name}{extent}; {reason}"))
}
