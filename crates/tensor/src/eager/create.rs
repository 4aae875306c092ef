//! Tensors out of nothing.

use super::Tensor;
use super::storage::Element;
use crate::error::TensorError;
use crate::graph::DType;
use crate::random::Stream;

impl Tensor {
    /// A tensor of the elements given, in order, as `torch.tensor(elements).reshape(shape)`; `f32` makes `F32`, `i64` makes
    /// `I64`, and so on.
    ///
    /// ```
    /// use tensor::Tensor;
    /// let picture = Tensor::from_vec(vec![0_u8, 128, 255, 64], [2, 2])?;
    /// assert_eq!(picture.shape(), [2, 2]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Errors
    /// [`TensorError::Length`] where the shape holds more or fewer.
    pub fn from_vec<T: Element>(elements: Vec<T>, shape: impl AsRef<[usize]>) -> Result<Self, TensorError> {
        let (expected, received) = (shape.as_ref().iter().product(), elements.len());
        if expected == received {
            Ok(Self::from_data(T::store(elements), shape.as_ref()))
        } else {
            Err(TensorError::Length { what: format!("the shape {:?}", shape.as_ref()), expected, received })
        }
    }

    /// The same number everywhere, as `torch.full`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::full([2], 0.5).to_vec::<f32>()?, [0.5, 0.5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn full(shape: impl AsRef<[usize]>, number: f32) -> Self {
        let n_elements = shape.as_ref().iter().product();
        Self::from_data(f32::store(vec![number; n_elements]), shape.as_ref())
    }

    /// Zeros, as `torch.zeros`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::zeros([2, 3]).numel(), 6);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn zeros(shape: impl AsRef<[usize]>) -> Self {
        Self::full(shape, 0.0)
    }

    /// Ones, as `torch.ones`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::ones([3]).sum(.., false)?.item()?, 3.0);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn ones(shape: impl AsRef<[usize]>) -> Self {
        Self::full(shape, 1.0)
    }

    /// The whole numbers of a range, of `I64`, as `torch.arange` gives for whole numbers.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::arange(2..5).to_vec::<i64>()?, [2, 3, 4]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn arange(range: std::ops::Range<i64>) -> Self {
        let elements: Vec<i64> = range.collect();
        let shape = [elements.len()];
        Self::from_data(i64::store(elements), &shape)
    }

    /// `start`, `start + step`, … before `end`, as `torch.arange` gives for floats; none where the step leads away or
    /// nowhere.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::arange_step(1.0, 2.0, 0.5).to_vec::<f32>()?, [1.0, 1.5]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn arange_step(start: f64, end: f64, step: f64) -> Self {
        let n = ((end - start) / step).ceil().max(0.0);
        let n = if n.is_finite() { n as usize } else { 0 };
        Self::from_data(f32::store((0..n).map(|i| (start + i as f64 * step) as f32).collect()), &[n])
    }

    /// `n` numbers from `start` to `end`, both included, equally far apart, as `torch.linspace`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::linspace(0.0, 1.0, 3).to_vec::<f32>()?, [0.0, 0.5, 1.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn linspace(start: f64, end: f64, n: usize) -> Self {
        let step = (end - start) / n.saturating_sub(1).max(1) as f64;
        let number = |i: usize| if i > 0 && i + 1 == n { end } else { start + i as f64 * step };
        Self::from_data(f32::store((0..n).map(|i| number(i) as f32).collect()), &[n])
    }

    /// Ones along the diagonal of a square, zeros elsewhere, as `torch.eye`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::eye(2).to_vec::<f32>()?, [1.0, 0.0, 0.0, 1.0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn eye(n: usize) -> Self {
        let elements = (0..n * n).map(|i| f32::from(u8::from(i / n == i % n)));
        Self::from_data(f32::store(elements.collect()), &[n, n])
    }

    /// Uniform in `[0, 1)`, as `torch.rand` with a `generator`: the next numbers of a stream.
    ///
    /// ```
    /// use tensor::{Tensor, random::{Purpose, Stream}};
    /// let mut stream = Stream::new(0, Purpose::Eager, 0);
    /// let first = Tensor::rand([2, 3], &mut stream);
    /// let again = Tensor::rand([2, 3], &mut Stream::new(0, Purpose::Eager, 0));
    /// assert!(first.all_close(&again, 0.0, 0.0), "the same seed gives the same numbers");
    /// ```
    pub fn rand(shape: impl AsRef<[usize]>, stream: &mut Stream) -> Self {
        let n_elements = shape.as_ref().iter().product();
        Self::from_data(f32::store((0..n_elements).map(|_| stream.uniform()).collect()), shape.as_ref())
    }

    /// Standard normal, as `torch.randn` with a `generator`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// use tensor::random::{Purpose, Stream};
    /// let noise = Tensor::randn([64, 10], &mut Stream::new(0, Purpose::Eager, 0));
    /// assert_eq!(noise.shape(), [64, 10]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn randn(shape: impl AsRef<[usize]>, stream: &mut Stream) -> Self {
        let n_elements = shape.as_ref().iter().product();
        Self::from_data(f32::store((0..n_elements).map(|_| stream.normal()).collect()), shape.as_ref())
    }

    /// `0..n` in a random order, of `I64`, as `torch.randperm` with a `generator`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// use tensor::random::{Purpose, Stream};
    /// let order = Tensor::randperm(4, &mut Stream::new(0, Purpose::Eager, 0));
    /// assert_eq!(order.sort(0, false)?.0.to_vec::<i64>()?, [0, 1, 2, 3]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    pub fn randperm(n: usize, stream: &mut Stream) -> Self {
        let order = stream.permutation(n).into_iter().map(i64::from).collect();
        Self::from_data(i64::store(order), &[n])
    }

    /// A row of zeros with a one at its class for each of the classes given, as `torch.nn.functional.one_hot`, of `I64`.
    ///
    /// ```
    /// use tensor::Tensor;
    /// assert_eq!(Tensor::from([2, 0]).one_hot(3)?.to_vec::<i64>()?, [0, 0, 1, 1, 0, 0]);
    /// # Ok::<(), tensor::TensorError>(())
    /// ```
    ///
    /// # Shapes
    /// `self` any, of whole numbers below `n_classes`; output: one dimension of `n_classes` more.
    ///
    /// # Errors
    /// [`TensorError::Index`] for a class outside, [`TensorError::DType`] for what is not whole.
    pub fn one_hot(&self, n_classes: usize) -> Result<Self, TensorError> {
        let classes = self.as_positions("one_hot", n_classes)?.to_vec::<u32>()?;
        let mut elements = vec![0_i64; classes.len() * n_classes];
        for (row, class) in classes.into_iter().enumerate() {
            elements[row * n_classes + class as usize] = 1;
        }
        let mut shape = self.shape().to_vec();
        shape.push(n_classes);
        Ok(Self::from_data(i64::store(elements), &shape))
    }

    /// Whole numbers below `size` as kernels read them.
    pub(super) fn as_positions(&self, operation: &'static str, size: usize) -> Result<Self, TensorError> {
        if matches!(self.dtype(), DType::F32 | DType::F16 | DType::Bool) {
            let (expected, received) = (DType::I64, self.dtype());
            return Err(TensorError::DType { operation, input_idx: 1, expected, received });
        }
        let position = |index: i64| {
            let found = u32::try_from(index).ok().filter(|&found| (found as usize) < size);
            found.ok_or(TensorError::Index { operation, index, size })
        };
        let positions = self.to(DType::I64)?.to_vec::<i64>()?.into_iter().map(position);
        Ok(Self::from_data(u32::store(positions.collect::<Result<_, _>>()?), self.shape()))
    }
}

macro_rules! arrays {
    ($($source:ty => $element:ty),+ $(,)?) => {
        $(
            impl From<$source> for Tensor {
                fn from(number: $source) -> Self {
                    Self::from_data(<$element>::store(vec![number as $element]), &[])
                }
            }

            impl<const A: usize> From<[$source; A]> for Tensor {
                fn from(numbers: [$source; A]) -> Self {
                    let elements = numbers.into_iter().map(|number| number as $element);
                    Self::from_data(<$element>::store(elements.collect()), &[A])
                }
            }

            impl<const A: usize, const B: usize> From<[[$source; B]; A]> for Tensor {
                fn from(rows: [[$source; B]; A]) -> Self {
                    let elements = rows.into_iter().flatten().map(|number| number as $element);
                    Self::from_data(<$element>::store(elements.collect()), &[A, B])
                }
            }

            impl<const A: usize, const B: usize, const C: usize> From<[[[$source; C]; B]; A]> for Tensor {
                fn from(planes: [[[$source; C]; B]; A]) -> Self {
                    let elements = planes.into_iter().flatten().flatten().map(|number| number as $element);
                    Self::from_data(<$element>::store(elements.collect()), &[A, B, C])
                }
            }
        )+
    };
}

// As PyTorch's torch.tensor: floats become F32, whole numbers I64.
arrays! { f32 => f32, f64 => f32, i32 => i64, i64 => i64, u8 => u8, bool => bool }
