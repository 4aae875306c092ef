//! A tensor's place on the tape, and how views share that of their base: what is written through one of them is part of
//! the history of all.

use std::rc::Rc;

use super::Tensor;
use super::autograd::{Meta, enable_grad, is_recording};
use super::storage::Element;
use crate::error::TensorError;
use crate::ops::{IndexSelect, Op, Scatter};

/// What a view looks at.
pub(super) struct Looking {
    /// What owns the history; a view of a view looks at the same.
    base: Tensor,
    /// Whether the view was taken while recording, so that the tape knows how: only then can it be found again in the
    /// base's history, and only then can writes through it become part of that.
    is_known: bool,
}

/// Where a tensor's numbers came from.
pub(super) struct History {
    meta: Option<Rc<Meta>>,
    /// How many recorded writes had changed the base, or the tensor itself where it is no view, when this was true.
    n_rewrites: u64,
}

impl Looking {
    pub(super) fn at(tensor: &Tensor) -> Self {
        let base = tensor.base().clone();
        let is_known =
            is_recording() && base.is_contiguous() && tensor.looking().is_none_or(|looking| looking.is_known);
        Self { base, is_known }
    }
}

impl History {
    pub(super) const fn of_owner(meta: Option<Rc<Meta>>) -> Self {
        Self { meta, n_rewrites: 0 }
    }

    pub(super) fn of_view(base: &Tensor) -> Self {
        Self { meta: None, n_rewrites: base.history().borrow().n_rewrites }
    }
}

impl Tensor {
    /// The tensor that this is a view of, or itself.
    pub(super) fn base(&self) -> &Self {
        self.looking().map_or(self, |looking| &looking.base)
    }

    /// The place on the tape; none where no gradient flows here.
    pub(super) fn meta(&self) -> Option<Rc<Meta>> {
        if let Some(Looking { base, is_known: true }) = self.looking()
            && self.is_stale()
        {
            // The base was rewritten since the view was taken: it is found again in what the base is now.
            let again = enable_grad(|| {
                let numbers = base.reshape([base.numel() as isize])?;
                let numbers = Self::apply(IndexSelect { dim: 0 }, &[&numbers, &self.places_in(base)])?;
                Ok::<_, TensorError>(numbers.reshape(signed(self.shape()))?.meta())
            });
            self.set_meta(again.expect("a view's elements are among its base's"));
        }
        self.history().borrow().meta.clone()
    }

    /// Gives the tensor a place on the tape that is true from now on.
    pub(super) fn set_meta(&self, meta: Option<Rc<Meta>>) {
        let n_rewrites = self.base().history().borrow().n_rewrites;
        // Where it is its own base, no borrow may be left.
        *self.history().borrow_mut() = History { meta, n_rewrites };
    }

    /// Refuses a view that nothing is known of but that its base was rewritten.
    pub(super) fn check_history(&self, operation: &'static str) -> Result<(), TensorError> {
        let is_known = self.looking().is_none_or(|looking| looking.is_known);
        if is_known || !self.is_stale() { Ok(()) } else { Err(TensorError::StaleView { operation }) }
    }

    fn is_stale(&self) -> bool {
        let History { meta, n_rewrites } = &*self.history().borrow();
        // A leaf is learned by itself, whatever it was before.
        let is_leaf = meta.as_ref().is_some_and(|meta| meta.is_leaf());
        self.looking().is_some() && !is_leaf && *n_rewrites != self.base().history().borrow().n_rewrites
    }

    /// Refuses to write where the tape could not follow.
    pub(super) fn check_rewritable(&self, operation: &'static str) -> Result<(), TensorError> {
        let is_leaf = |tensor: &Self| tensor.requires_grad() && tensor.is_leaf();
        if is_leaf(self) || is_leaf(self.base()) {
            Err(TensorError::LeafInPlace { operation })
        } else if self.looking().is_some_and(|looking| !looking.is_known) {
            Err(TensorError::ViewInPlace { operation })
        } else {
            Ok(())
        }
    }

    /// From now on the tensor's numbers, and so those of its views, come from there.
    pub(super) fn rewrite(&self, meta: Option<Rc<Meta>>) {
        let mut history = self.history().borrow_mut();
        if let (Some(old), Some(new)) = (&history.meta, &meta) {
            new.take_request_of(old);
        }
        *history = History { meta, n_rewrites: history.n_rewrites + 1 };
    }

    /// The base with these numbers, in order, where this view looks: they in their history, and the rest in its own.
    pub(super) fn in_base(&self, numbers: &Self) -> Result<Self, TensorError> {
        let base = self.base();
        let [all, part] = [base, numbers].map(|tensor| tensor.reshape([tensor.numel() as isize]));
        let op = Op::from(Scatter { dim: 0 });
        Self::apply(op, &[&all?, &self.places_in(base), &part?])?.reshape(signed(base.shape()))
    }

    /// Where in its base, read in order, each of the elements lies: `[numel]`.
    fn places_in(&self, base: &Self) -> Self {
        let places = self.layout().positions().map(|place| (place - base.storage_offset()) as u32);
        Self::from_data(u32::store(places.collect()), &[self.numel()])
    }
}

fn signed(shape: &[usize]) -> Vec<isize> {
    shape.iter().map(|size| size.cast_signed()).collect()
}
