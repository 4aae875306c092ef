use std::cell::RefCell;
use std::rc::Rc;

use super::autograd::Meta;
use super::history::{History, Looking};
use super::storage::{Data, Element, Storage, on_elements};
use crate::error::TensorError;
use crate::graph::{DType, Value};
use crate::layout::Layout;
use crate::ops::{Cast, Op, Reshape};

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
    /// Where it was made by looking at another tensor.
    looking: Option<Looking>,
    history: RefCell<History>,
}

impl Tensor {
    pub(super) fn from_data(data: Data, shape: &[usize]) -> Self {
        Self::from_parts(Rc::new(Storage::new(data)), Layout::contiguous(shape), None)
    }

    pub(super) fn from_parts(storage: Rc<Storage>, layout: Layout, meta: Option<Rc<Meta>>) -> Self {
        let history = RefCell::new(History::of_owner(meta));
        Self(Rc::new(Inner { storage, layout, looking: None, history }))
    }

    /// A view: the same storage under another layout, so far without a place on the tape.
    pub(super) fn with_layout(&self, layout: Layout) -> Self {
        let history = RefCell::new(History::of_view(self.base()));
        let (storage, looking) = (Rc::clone(&self.0.storage), Some(Looking::at(self)));
        Self(Rc::new(Inner { storage, layout, looking, history }))
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

    /// The number of elements. PyTorch's `numel()`.
    pub fn numel(&self) -> usize {
        self.0.layout.numel()
    }

    /// What one element is. PyTorch's `dtype`.
    pub fn dtype(&self) -> DType {
        self.0.storage.dtype()
    }

    /// Whether the elements lie in order and without gaps. PyTorch's `is_contiguous()`.
    pub fn is_contiguous(&self) -> bool {
        self.0.layout.is_contiguous()
    }

    /// Whether both look at the same memory. PyTorch's `a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()`.
    pub fn shares_storage(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0.storage, &other.0.storage)
    }

    /// How many elements the storage holds, seen by this tensor or not. PyTorch's `storage().size()`.
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

    /// All elements in order, as `x.flatten().tolist()`.
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
    /// [`to`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.to.html). Floats are cut towards zero where they
    /// become whole, and stay within their kind's bounds; whole numbers that become bytes keep the lowest; what is not
    /// zero is true.
    ///
    /// ```
    /// use tensor::Tensor;
    /// use tensor::DType;
    /// let picture = Tensor::from([0_u8, 51, 255]).to(DType::F32)?.div(255.0)?;
    /// assert_eq!(picture.to_vec::<f32>()?, [0.0, 0.2, 1.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// Gradients pass between `F32` and `F16`; a gradient itself is `F32`, whatever it is the gradient of.
    ///
    /// # Errors
    /// [`TensorError::StaleView`].
    pub fn to(&self, dtype: DType) -> Result<Self, TensorError> {
        if dtype == self.dtype() {
            return Ok(self.clone());
        }
        if dtype == DType::U8 && matches!(self.dtype(), DType::I64 | DType::U32) {
            return self.wrapped_to_bytes();
        }
        let converted = Self::from_data(self.0.storage.data().converted(&self.0.layout, dtype), self.shape());
        if self.dtype().is_float() && dtype.is_float() {
            converted.recorded(Cast { dtype }.into(), &[self])
        } else {
            Ok(converted)
        }
    }

    /// The tensor itself where its elements lie in order and without gaps, a copy that does elsewhere, as
    /// [`torch.Tensor.contiguous`](https://docs.pytorch.org/docs/stable/generated/torch.Tensor.contiguous.html).
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

    pub(super) fn looking(&self) -> Option<&Looking> {
        self.0.looking.as_ref()
    }

    pub(super) fn history(&self) -> &RefCell<History> {
        &self.0.history
    }

    /// Whether this is the only handle, and nothing else looks at the storage.
    pub(super) fn is_alone(&self) -> bool {
        Rc::strong_count(&self.0) == 1 && Rc::strong_count(&self.0.storage) == 1
    }
}
