use std::cell::RefCell;
use std::rc::Rc;

use super::autograd::{Meta, is_recording};
use super::storage::{Data, Element, Storage, on_elements};
use crate::error::TensorError;
use crate::graph::{DType, Value};
use crate::layout::Layout;
use crate::ops::{Op, Reshape};

/// Numbers in a shape: storage, the layout over it, and perhaps a place on the tape. PyTorch's
/// [`torch.Tensor`](https://docs.pytorch.org/docs/stable/tensors.html).
///
/// Cloning is cheap and gives another handle of the same tensor; [`Tensor::copy`] copies the numbers. Views share their
/// base's storage: what is written through one is seen through all.
///
/// ```
/// use tensor::Tensor;
/// let a = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
/// let b = a.t()?;
/// assert_eq!((b.shape(), b.strides()), (&[3, 2][..], &[1, 3][..]));
/// assert!(b.shares_storage(&a) && !b.is_contiguous());
/// assert_eq!((&a + 1.0)?.sum(.., false)?.item()?, 27.0);
/// # Ok::<(), tensor::TensorError>(())
/// ```
#[derive(Clone)]
pub struct Tensor(Rc<Inner>);

struct Inner {
    storage: Rc<Storage>,
    layout: Layout,
    /// Whether it was made by looking at another tensor's storage.
    is_view: bool,
    meta: RefCell<Place>,
}

/// A tensor's place on the tape.
#[derive(Clone)]
struct Place {
    meta: Option<Rc<Meta>>,
    /// The storage's epoch for which it is true; none for what is detached, for which it always is.
    epoch: Option<u64>,
}

impl Tensor {
    pub(super) fn from_data(data: Data, shape: &[usize]) -> Self {
        Self::from_parts(Rc::new(Storage::new(data)), Layout::contiguous(shape), None)
    }

    pub(super) fn from_parts(storage: Rc<Storage>, layout: Layout, meta: Option<Rc<Meta>>) -> Self {
        let place = Place { meta, epoch: Some(storage.epoch()) };
        Self(Rc::new(Inner { storage, layout, is_view: false, meta: RefCell::new(place) }))
    }

    /// The same storage under another layout, so far without a place on the tape.
    pub(super) fn with_layout(&self, layout: Layout) -> Self {
        let place = Place { meta: None, epoch: self.0.meta.borrow().epoch };
        let storage = Rc::clone(&self.0.storage);
        Self(Rc::new(Inner { storage, layout, is_view: true, meta: RefCell::new(place) }))
    }

    /// The size of each dimension; empty for a single number. PyTorch's `shape`.
    pub fn shape(&self) -> &[usize] {
        &self.0.layout.shape
    }

    /// How far apart neighbours along each dimension lie, in elements. PyTorch's `stride()`.
    pub fn strides(&self) -> &[usize] {
        &self.0.layout.strides
    }

    /// Where the first element lies in the storage. PyTorch's `storage_offset()`.
    pub fn storage_offset(&self) -> usize {
        self.0.layout.offset
    }

    /// Shape, strides and offset together.
    pub fn layout(&self) -> &Layout {
        &self.0.layout
    }

    /// The number of dimensions. PyTorch's `dim()`.
    pub fn rank(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.0.layout.numel()
    }

    /// What one element is.
    pub fn dtype(&self) -> DType {
        self.0.storage.dtype()
    }

    /// Whether the elements lie in order and without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.0.layout.is_contiguous()
    }

    /// Whether both look at the same memory.
    pub fn shares_storage(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0.storage, &other.0.storage)
    }

    /// How many elements the storage holds, seen by this tensor or not.
    pub fn storage_len(&self) -> usize {
        on_elements!(&*self.0.storage.data(), elements => elements.len())
    }

    /// How often the storage was written to. PyTorch's `_version`.
    pub fn version(&self) -> u64 {
        self.0.storage.version()
    }

    /// The only element, whatever its kind, as a number. PyTorch's
    /// [`item`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.item.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([[7]]).item()?, 7.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::NotOneElement`] where there are more or none.
    pub fn item(&self) -> Result<f64, TensorError> {
        let mut positions = self.0.layout.positions();
        match (positions.next(), positions.next()) {
            (Some(position), None) => {
                Ok(on_elements!(&*self.0.storage.data(), elements => elements[position].to_f64()))
            }
            _ => Err(TensorError::NotOneElement { shape: self.shape().to_vec() }),
        }
    }

    /// All elements in order.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let a = Tensor::from([[1.0, 2.0], [3.0, 4.0]]);
    /// assert_eq!(a.t()?.to_vec::<f32>()?, [1.0, 3.0, 2.0, 4.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::DType`] where the tensor holds something else.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, TensorError> {
        let data = self.0.storage.data();
        let elements = T::slice(&data).ok_or_else(|| TensorError::DType {
            operation: "to_vec",
            input_idx: 0,
            expected: T::DTYPE,
            received: self.dtype(),
        })?;
        Ok(self.0.layout.positions().map(|position| elements[position]).collect())
    }

    /// All elements in order, whatever their kind.
    pub(super) fn numbers(&self) -> Vec<f64> {
        let positions = self.0.layout.positions();
        on_elements!(&*self.0.storage.data(), elements => {
            positions.map(|position| elements[position].to_f64()).collect()
        })
    }

    /// The same numbers as another kind; the tensor itself where it is of that kind. PyTorch's
    /// [`to`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html). Numbers are cut towards zero where
    /// they become whole, stay within their kind's bounds, and are true where they are not zero.
    ///
    /// ```
    /// use tensor::Tensor;
    /// use tensor::DType;
    /// let picture = Tensor::from([0_u8, 51, 255]).to(DType::F32)?.div(255.0)?;
    /// assert_eq!(picture.to_vec::<f32>()?, [0.0, 0.2, 1.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::NoGradient`] for `F16` of what requires a gradient; detach it first.
    pub fn to(&self, dtype: DType) -> Result<Self, TensorError> {
        if dtype == self.dtype() {
            return Ok(self.clone());
        }
        if dtype == DType::F16 && is_recording() && self.requires_grad() {
            return Err(TensorError::NoGradient { operation: "to F16" });
        }
        Ok(Self::from_data(self.0.storage.data().converted(&self.0.layout, dtype), self.shape()))
    }

    /// The tensor itself where its elements lie in order and without gaps, a copy that does elsewhere.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([2, 3]).t()?;
    /// assert_eq!((x.strides(), x.contiguous()?.strides()), (&[1, 3][..], &[2, 1][..]));
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::StaleView`].
    pub fn contiguous(&self) -> Result<Self, TensorError> {
        if self.is_contiguous() { Ok(self.clone()) } else { self.copy() }
    }

    /// A copy of the numbers; gradients pass through. PyTorch's
    /// [`clone`](https://docs.pytorch.org/docs/stable/generated/torch.clone.html).
    ///
    /// ```
    /// use tensor::Tensor;
    /// let x = Tensor::zeros([2]);
    /// x.copy()?.fill_(1.0)?;
    /// assert_eq!(x.to_vec::<f32>()?, [0.0, 0.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::StaleView`].
    pub fn copy(&self) -> Result<Self, TensorError> {
        let op = Op::from(Reshape { shape: self.shape().to_vec() });
        self.copied().recorded(op, &[self])
    }

    /// The numbers in order in storage of their own, without a place on the tape.
    pub(super) fn copied(&self) -> Self {
        let data = self.0.storage.data().picked(&self.0.layout);
        Self::from_data(data, self.shape())
    }

    /// Shape and kind, as operations see them.
    pub(super) fn value(&self) -> Value {
        Value { shape: self.shape().to_vec(), dtype: self.dtype() }
    }

    pub(super) fn storage(&self) -> &Rc<Storage> {
        &self.0.storage
    }

    pub(super) fn is_view(&self) -> bool {
        self.0.is_view
    }

    /// Whether this is the only handle, and nothing else looks at the storage.
    pub(super) fn is_alone(&self) -> bool {
        Rc::strong_count(&self.0) == 1 && Rc::strong_count(&self.0.storage) == 1
    }

    pub(super) fn meta(&self) -> Option<Rc<Meta>> {
        self.0.meta.borrow().meta.clone()
    }

    /// Gives the tensor a place on the tape that is true from now on.
    pub(super) fn set_meta(&self, meta: Option<Rc<Meta>>) {
        *self.0.meta.borrow_mut() = Place { meta, epoch: Some(self.0.storage.epoch()) };
    }

    /// Makes the tensor one that no recorded write concerns.
    pub(super) fn forget_history(&self) {
        *self.0.meta.borrow_mut() = Place { meta: None, epoch: None };
    }

    /// Refuses a view whose storage got another history since it was taken.
    pub(super) fn check_history(&self, operation: &'static str) -> Result<(), TensorError> {
        match self.0.meta.borrow().epoch {
            Some(epoch) if epoch != self.0.storage.epoch() => Err(TensorError::StaleView { operation }),
            _ => Ok(()),
        }
    }
}
