//! The session's pictures, split by split.

use data::{Dataset, LabelledImages};
use protocol::Split;

use super::Session;

/// Digits that are drawn at once while there is nothing to do: a few milliseconds.
const DRAWN_AT_ONCE: usize = 100;

impl Session {
    /// Draws some of the built-in digits before they are looked at, for whoever has nothing else to do; whether there may be
    /// more.
    pub fn draw_ahead(&mut self) -> bool {
        let Dataset { training, test, .. } = &mut self.dataset;
        [training, test].into_iter().any(|part| part.images.draw_ahead(DRAWN_AT_ONCE))
    }

    /// The pictures of a split and their positions among them.
    pub(crate) fn split(&self, split: Split) -> (&LabelledImages, Positions<'_>) {
        match split {
            Split::Train => (&self.dataset.training, Positions::Listed(&self.splits.train)),
            Split::Validation => (&self.dataset.training, Positions::Listed(&self.splits.validation)),
            Split::Test => (&self.dataset.test, Positions::All(self.dataset.test.labels.len())),
        }
    }
}

/// Where a split's pictures are.
#[derive(Clone, Copy)]
pub(crate) enum Positions<'a> {
    Listed(&'a [u32]),
    All(usize),
}

impl Positions<'_> {
    pub(crate) const fn len(&self) -> usize {
        match self {
            Self::Listed(listed) => listed.len(),
            Self::All(n) => *n,
        }
    }

    pub(crate) fn get(&self, idx: usize) -> Option<u32> {
        match self {
            Self::Listed(listed) => listed.get(idx).copied(),
            Self::All(n) => (idx < *n).then_some(idx as u32),
        }
    }
}
