//! Changes to the network on screen, and the way back.

use leptos::prelude::*;
use leptos::task::spawn_local;
use nn::{LayerSpec, ModelSpec};
use protocol::Command;

use super::{N_CLASSES, Selection, Workbench};

/// More steps back than anybody takes.
const MOST_STEPS_BACK: usize = 100;

/// Networks before and after the one on screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Oldest first.
    pub before: Vec<ModelSpec>,
    /// What undoing took back, latest first taken last.
    pub after: Vec<ModelSpec>,
}

impl Workbench {
    /// Replaces the network on screen, and in the worker where it is valid; it can be undone.
    pub fn edit_model(self, model: ModelSpec) {
        self.report(self.submit_model(model));
    }

    /// As [`Workbench::edit_model`], with the worker's answer.
    pub fn submit_model(self, model: ModelSpec) -> impl Future<Output = Result<(), String>> + use<> {
        let before = self.model.get_untracked();
        if before != model {
            self.history.update(|history| {
                history.after.clear();
                history.before.push(before);
                if history.before.len() > MOST_STEPS_BACK {
                    history.before.remove(0);
                }
            });
        }
        self.show_model(model)
    }

    /// One edit back.
    pub fn undo(self) {
        let current = self.model.get_untracked();
        let mut earlier = None;
        self.history.update(|history| {
            earlier = history.before.pop();
            if earlier.is_some() {
                history.after.push(current);
            }
        });
        if let Some(model) = earlier {
            self.report(self.show_model(model));
        }
    }

    /// One edit forward again.
    pub fn redo(self) {
        let current = self.model.get_untracked();
        let mut later = None;
        self.history.update(|history| {
            later = history.after.pop();
            if later.is_some() {
                history.before.push(current);
            }
        });
        if let Some(model) = later {
            self.report(self.show_model(model));
        }
    }

    /// Puts a layer before `position`.
    pub fn insert_layer(self, position: usize, layer: LayerSpec) {
        let mut model = self.model.get_untracked();
        model.insert_layer(position, layer);
        self.edit_model(model);
        self.selection.set(Selection::Layer(position));
    }

    /// Takes a layer out.
    pub fn remove_layer(self, layer_idx: usize) {
        let mut model = self.model.get_untracked();
        if layer_idx < model.layers.len() {
            model.remove_layer(layer_idx);
            self.selection.set(Selection::Layer(layer_idx));
            self.edit_model(model);
        }
    }

    /// Moves a layer to another position.
    pub fn move_layer(self, from: usize, to: usize) {
        let mut model = self.model.get_untracked();
        if from < model.layers.len() && to < model.layers.len() && from != to {
            model.move_layer(from, to);
            self.edit_model(model);
            self.selection.set(Selection::Layer(to));
        }
    }

    /// Changes one layer's arguments.
    pub fn replace_layer(self, layer_idx: usize, layer: LayerSpec) {
        let mut model = self.model.get_untracked();
        if let Some(place) = model.layers.get_mut(layer_idx) {
            *place = layer;
            self.edit_model(model);
        }
    }

    fn report(self, answer: impl Future<Output = Result<(), String>> + 'static) {
        spawn_local(async move {
            if let Err(error) = answer.await {
                self.warn(error);
            }
        });
    }

    /// An invalid network pauses training and waits on screen; one that the worker has already keeps its weights.
    fn show_model(self, model: ModelSpec) -> impl Future<Output = Result<(), String>> + use<> {
        let geometry = model.geometry(Some(N_CLASSES));
        let n_layers = model.layers.len();
        let selection = match self.selection.get_untracked() {
            Selection::Layer(idx) if idx >= n_layers => Selection::Layer(n_layers.saturating_sub(1)),
            Selection::Map { layer_idx, channel } => match geometry.layers.get(layer_idx) {
                Some(layer) if layer.output.first().is_some_and(|&n| channel < n) => {
                    Selection::Map { layer_idx, channel }
                }
                _ => Selection::Layer(layer_idx.min(n_layers.saturating_sub(1))),
            },
            selection => selection,
        };
        self.selection.set(if n_layers == 0 { Selection::Input } else { selection });
        self.model.set(model.clone());

        let known = self.outstanding.with_value(|outstanding| {
            outstanding.models == 0 && outstanding.engine_model.as_ref() == Some(&model)
        });
        let command = match geometry.error {
            Some(_) => Some(Command::Pause),
            None if known => None,
            None => Some(Command::SetModel { model }),
        };
        let is_model = matches!(command, Some(Command::SetModel { .. }));
        if is_model {
            self.outstanding.update_value(|outstanding| outstanding.models += 1);
        }
        let answer = command.map(|command| self.engine.send(command, Vec::new()));
        async move {
            let Some(answer) = answer else { return Ok(()) };
            let answer = answer.await;
            if is_model {
                self.outstanding.update_value(|outstanding| outstanding.models -= 1);
            }
            answer.map(|_| ())
        }
    }
}
