//! Weights to come back to.

/// Everything that a run's continuation depends on.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Checkpoint {
    pub(crate) step: u64,
    pub(crate) images_seen: u64,
    pub(crate) optimiser_step: u64,
    pub(crate) parameters: Vec<f32>,
    pub(crate) states: Vec<Vec<f32>>,
}

/// The last weights with which the loss is known to have been finite. A checkpoint counts as good only once a step that
/// started from it has given a finite loss.
#[derive(Debug, Default)]
pub(crate) struct Checkpoints {
    good: Checkpoint,
    candidate: Option<Checkpoint>,
}

impl Checkpoints {
    /// Starts from weights that are good by themselves: initial ones, or loaded ones.
    pub(crate) fn restart(&mut self, checkpoint: Checkpoint) {
        self.good = checkpoint;
        self.candidate = None;
    }

    /// Keeps weights of which it is not yet known whether they are good.
    pub(crate) fn propose(&mut self, checkpoint: Checkpoint) {
        self.candidate = Some(checkpoint);
    }

    /// The steps from the candidate on had finite losses.
    pub(crate) fn confirm(&mut self) {
        if let Some(candidate) = self.candidate.take() {
            self.good = candidate;
        }
    }

    pub(crate) const fn good(&self) -> &Checkpoint {
        &self.good
    }
}
