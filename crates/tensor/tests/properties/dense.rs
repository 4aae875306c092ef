//! Tensors that always copy: what views are compared with. Written by indices alone, without strides.

use tensor::{Tensor, TensorError};

pub struct Dense {
    pub shape: Vec<usize>,
    pub numbers: Vec<f32>,
}

/// One step of a chain, fitted to a shape.
pub enum Step {
    Permute(Vec<usize>),
    Slice { dim: usize, start: usize, end: usize, step: usize },
    Select { dim: usize, index: usize },
    Unsqueeze(usize),
    Expand(Vec<usize>),
    Reshape(Vec<usize>),
    Diagonal(usize, usize),
}

impl Step {
    /// Some step of a kind, or none where the shape allows none.
    pub fn choose(kind: usize, numbers: [u8; 3], shape: &[usize]) -> Option<Self> {
        let rank = shape.len();
        let [a, b, c] = numbers.map(usize::from);
        let n_elements: usize = shape.iter().product();
        match kind {
            0 => {
                let mut dims: Vec<usize> = (0..rank).collect();
                dims.rotate_left(a % rank.max(1));
                if rank > 1 {
                    dims.swap(b % rank, c % rank);
                }
                Some(Self::Permute(dims))
            }
            1 if rank > 0 => {
                let dim = a % rank;
                let start = b % shape[dim].max(1);
                // At least one element stays: empty tensors are tested elsewhere.
                Some(Self::Slice { dim, start, end: shape[dim] - c % (shape[dim] - start), step: 1 + c % 3 })
            }
            2 if rank > 0 => Some(Self::Select { dim: a % rank, index: b % shape[a % rank] }),
            3 if rank < 6 => Some(Self::Unsqueeze(a % (rank + 1))),
            4 if rank < 6 && n_elements < 500 => {
                let mut wanted = vec![1 + a % 3];
                wanted.extend(shape.iter().map(|&size| if size == 1 { 1 + b % 3 } else { size }));
                Some(Self::Expand(wanted))
            }
            5 => {
                let divisors: Vec<usize> =
                    (1..=n_elements).filter(|n| n_elements.is_multiple_of(*n)).collect();
                let first = divisors[a % divisors.len()];
                Some(Self::Reshape(vec![first, n_elements / first]))
            }
            6 if rank > 1 && a % rank != b % rank => Some(Self::Diagonal(a % rank, b % rank)),
            _ => None,
        }
    }

    pub fn view(&self, tensor: &Tensor) -> Result<Tensor, TensorError> {
        let signed = |sizes: &[usize]| sizes.iter().map(|&size| size as isize).collect::<Vec<_>>();
        match self {
            Self::Permute(dims) => tensor.permute(signed(dims)),
            &Self::Slice { dim, start, end, step } => {
                tensor.slice(dim as isize, start as isize..end as isize, step)
            }
            &Self::Select { dim, index } => tensor.select(dim as isize, index as isize),
            &Self::Unsqueeze(dim) => tensor.unsqueeze(dim as isize),
            Self::Expand(shape) => tensor.expand(signed(shape)),
            Self::Reshape(shape) => tensor.reshape(signed(shape)),
            &Self::Diagonal(a, b) => tensor.diagonal(a as isize, b as isize),
        }
    }

    pub fn copy(&self, dense: &Dense) -> Dense {
        let mut shape = dense.shape.clone();
        match self {
            Self::Permute(dims) => dense.picked(dims.iter().map(|&dim| shape[dim]).collect(), |index| {
                (0..dims.len()).map(|dim| index[dims.iter().position(|&d| d == dim).unwrap()]).collect()
            }),
            &Self::Slice { dim, start, end, step } => {
                shape[dim] = (start..end).step_by(step).len();
                dense.picked(shape, |index| {
                    let mut from = index.to_vec();
                    from[dim] = start + index[dim] * step;
                    from
                })
            }
            &Self::Select { dim, index: at } => {
                shape.remove(dim);
                dense.picked(shape, |index| {
                    let mut from = index.to_vec();
                    from.insert(dim, at);
                    from
                })
            }
            &Self::Unsqueeze(dim) => {
                shape.insert(dim, 1);
                Dense { shape, numbers: dense.numbers.clone() }
            }
            Self::Expand(wanted) => dense.expanded(wanted),
            Self::Reshape(wanted) => Dense { shape: wanted.clone(), numbers: dense.numbers.clone() },
            &Self::Diagonal(a, b) => {
                let size = shape[a].min(shape[b]);
                shape.remove(a.max(b));
                shape.remove(a.min(b));
                shape.push(size);
                dense.picked(shape, |index| {
                    let (at, rest) = index.split_last().unwrap();
                    let mut from = rest.to_vec();
                    from.insert(a.min(b), *at);
                    from.insert(a.max(b), *at);
                    from
                })
            }
        }
    }
}

impl Dense {
    /// 0, 1, 2, … in order.
    pub fn counted(shape: &[usize]) -> Self {
        let n: usize = shape.iter().product();
        Self { shape: shape.to_vec(), numbers: (0..n).map(|i| i as f32).collect() }
    }

    pub fn expanded(&self, shape: &[usize]) -> Self {
        let first = shape.len() - self.shape.len();
        self.picked(shape.to_vec(), |index| {
            index[first..]
                .iter()
                .zip(&self.shape)
                .map(|(&at, &size)| if size == 1 { 0 } else { at })
                .collect()
        })
    }

    /// A new tensor, of the element at `from(index)` for each index.
    fn picked(&self, shape: Vec<usize>, from: impl Fn(&[usize]) -> Vec<usize>) -> Self {
        let n: usize = shape.iter().product();
        let number = |mut position: usize| {
            let mut index = vec![0; shape.len()];
            for dim in (0..shape.len()).rev() {
                index[dim] = position % shape[dim];
                position /= shape[dim];
            }
            let place =
                from(&index).into_iter().zip(&self.shape).fold(0, |place, (at, size)| place * size + at);
            self.numbers[place]
        };
        let numbers = (0..n).map(number).collect();
        Self { shape, numbers }
    }
}
