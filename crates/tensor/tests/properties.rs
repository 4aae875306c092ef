//! What must hold of any views, any shapes and any small graph.
#![allow(missing_docs, reason = "tests are named for what they say")]

#[path = "properties/dense.rs"]
mod dense;

use dense::{Dense, Step};
use proptest::prelude::*;
use tensor::random::{Purpose, Stream};
use tensor::{Tensor, TensorError};

fn counted(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::from_vec((0..n).map(|i| i as f32).collect(), shape).unwrap()
}

fn shapes(max_rank: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1..5_usize, 0..=max_rank)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn a_chain_of_views_equals_the_same_chain_done_by_copying(
        shape in shapes(4),
        steps in prop::collection::vec((0..7_usize, any::<[u8; 3]>()), 0..8),
    ) {
        let base = counted(&shape);
        let (mut view, mut copy) = (base.clone(), Dense::counted(&shape));
        for (kind, numbers) in steps {
            let Some(step) = Step::choose(kind, numbers, &copy.shape) else { continue };
            view = step.view(&view).unwrap();
            copy = step.copy(&copy);
            prop_assert_eq!(view.shape(), &copy.shape);
            prop_assert_eq!(view.to_vec::<f32>().unwrap(), &copy.numbers[..]);
        }
        prop_assert_eq!(view.contiguous().unwrap().to_vec::<f32>().unwrap(), &copy.numbers[..]);
    }

    #[test]
    fn a_write_through_views_reaches_exactly_what_they_see(
        shape in shapes(4),
        steps in prop::collection::vec((0..7_usize, any::<[u8; 3]>()), 0..8),
    ) {
        let base = counted(&shape);
        let (mut view, mut copy) = (base.clone(), Dense::counted(&shape));
        for (kind, numbers) in steps {
            let Some(step) = Step::choose(kind, numbers, &copy.shape) else { continue };
            let next = step.view(&view).unwrap();
            // A reshape that had to copy sees other numbers.
            if next.shares_storage(&base) {
                view = next;
                copy = step.copy(&copy);
            }
        }
        let written = view.fill_(-1.0);
        if view.layout().repeats() {
            prop_assert_eq!(written, Err(TensorError::SharedPlaces { operation: "copy_" }));
        } else {
            written.unwrap();
            let expected = (0..base.numel()).map(|i| i as f32);
            let expected: Vec<f32> = expected.map(|i| if copy.numbers.contains(&i) { -1.0 } else { i }).collect();
            prop_assert_eq!(base.to_vec::<f32>().unwrap(), expected);
        }
    }

    #[test]
    fn a_recorded_write_through_views_has_the_gradient_of_what_it_changed(
        shape in shapes(4),
        steps in prop::collection::vec((0..7_usize, any::<[u8; 3]>()), 0..8),
    ) {
        let (learned, factor) = (counted(&shape).with_grad().unwrap(), Tensor::from(3.0).with_grad().unwrap());
        let base = learned.mul(1.0).unwrap();
        let (mut view, mut copy) = (base.clone(), Dense::counted(&shape));
        for (kind, numbers) in steps {
            let Some(step) = Step::choose(kind, numbers, &copy.shape) else { continue };
            let next = step.view(&view).unwrap();
            if next.shares_storage(&base) && !next.layout().repeats() {
                view = next;
                copy = step.copy(&copy);
            }
        }
        view.mul_(&factor).unwrap();
        let weights = counted(&shape).add(1.0).unwrap();
        base.mul(&weights).unwrap().sum(.., false).unwrap().backward().unwrap();
        let expected = (0..base.numel()).map(|i| i as f32);
        let expected = expected.map(|i| if copy.numbers.contains(&i) { 3.0 * (i + 1.0) } else { i + 1.0 });
        let received = learned.grad().unwrap().to_vec::<f32>().unwrap();
        prop_assert_eq!(received, expected.collect::<Vec<f32>>());
        let of_factor = copy.numbers.iter().map(|i| i * (i + 1.0)).sum::<f32>();
        prop_assert_eq!(factor.grad().unwrap().item().unwrap() as f32, of_factor);
    }

    #[test]
    fn reshaping_without_a_copy_works_wherever_the_elements_lie_evenly(
        shape in shapes(4),
        steps in prop::collection::vec((0..7_usize, any::<[u8; 3]>()), 0..6),
    ) {
        let mut view = counted(&shape);
        for (kind, numbers) in steps {
            if let Some(step) = Step::choose(kind, numbers, view.shape()) {
                view = step.view(&view).unwrap();
            }
        }
        let positions: Vec<usize> = view.layout().positions().collect();
        let even = positions.windows(3).all(|three| three[1] + three[1] == three[0] + three[2]);
        let rising = positions.windows(2).all(|two| two[0] <= two[1]);
        prop_assert_eq!(view.view([-1]).is_ok(), even && rising);
    }

    #[test]
    fn broadcasting_repeats_sizes_of_one_and_refuses_the_rest(a in shapes(4), b in shapes(4)) {
        let (left, right) = (counted(&a), counted(&b));
        let rank = a.len().max(b.len());
        let at = |shape: &[usize], dim: usize| (dim + shape.len()).checked_sub(rank).map_or(1, |idx| shape[idx]);
        let fits = (0..rank).all(|dim| at(&a, dim) == at(&b, dim) || at(&a, dim) == 1 || at(&b, dim) == 1);
        match left.add(right.mul(1000.0).unwrap()) {
            Ok(sum) => {
                prop_assert!(fits);
                let shape: Vec<usize> = (0..rank).map(|dim| at(&a, dim).max(at(&b, dim))).collect();
                prop_assert_eq!(sum.shape(), &shape[..]);
                let (a, b) = (Dense::counted(&a).expanded(&shape), Dense::counted(&b).expanded(&shape));
                let expected: Vec<f32> = a.numbers.iter().zip(&b.numbers).map(|(a, b)| a + 1000.0 * b).collect();
                prop_assert_eq!(sum.to_vec::<f32>().unwrap(), expected);
            }
            Err(error) => {
                prop_assert!(!fits);
                prop_assert_eq!(error, TensorError::Broadcast { operation: "add", a, b });
            }
        }
    }

    #[test]
    fn gradients_of_random_graphs_are_the_slopes(
        seed in any::<u64>(),
        steps in prop::collection::vec((0..14_usize, any::<[u8; 2]>()), 1..7),
    ) {
        let mut stream = Stream::new(seed, Purpose::Test, 0);
        let mut random = || Tensor::rand([2, 3], &mut stream).mul(2.0).unwrap().sub(1.0).unwrap();
        let (inputs, weights) = ([random(), random()], random());
        let learned = inputs.clone().map(|input| input.with_grad().unwrap());
        loss(&learned, &weights, &steps).unwrap().backward().unwrap();
        for (idx, input) in inputs.iter().enumerate() {
            let grad = learned[idx].grad().map(|grad| grad.to_vec::<f32>().unwrap());
            for position in 0..6 {
                let moved = |step: f32| {
                    let mut moved = inputs.clone().map(|input| input.detach());
                    let mut numbers = input.to_vec::<f32>().unwrap();
                    numbers[position] += step;
                    moved[idx] = Tensor::from_vec(numbers, [2, 3]).unwrap();
                    loss(&moved, &weights, &steps).unwrap().item().unwrap()
                };
                let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                let received = f64::from(grad.as_ref().map_or(0.0, |grad| grad[position]));
                // Float32 noise of some 1e-6 over 0.02, and the third derivative's step² beside it.
                prop_assert!((received - slope).abs() < 1e-2 * (1.0 + slope.abs()), "{} {}", received, slope);
            }
        }
    }
}

/// A graph of smooth operations, each on two of the tensors so far, that keeps their shape and keeps them small; and a
/// weight for each element of the last.
fn loss(inputs: &[Tensor; 2], weights: &Tensor, steps: &[(usize, [u8; 2])]) -> Result<Tensor, TensorError> {
    let mut tensors = inputs.to_vec();
    for (kind, [a, b]) in steps {
        let a = &tensors[usize::from(*a) % tensors.len()];
        let b = &tensors[usize::from(*b) % tensors.len()];
        let next = match kind {
            0 => a.add(b)?.mul(0.5)?,
            1 => a.mul(b)?,
            2 => a.sub(b)?.tanh()?,
            3 => a.sigmoid()?,
            4 => a.sin()?,
            5 => a.softmax(0)?,
            6 => a.sub(b.mean(0, true)?)?.mul(0.5)?,
            7 => a.t()?.reshape([2, 3])?,
            8 => Tensor::cat(&[a, b], 1)?.slice(1, 1.., 2)?,
            9 => a.gather(1, &Tensor::from([[2, 0, 2], [1, 1, 0]]))?,
            10 => a.matmul(&b.t()?)?.matmul(a)?.mul(0.2)?,
            11 => a.div(&b.square()?.add(1.0)?)?,
            12 => a.var(1, 1, true)?.mul(b)?.mul(0.5)?,
            _ => a.gelu()?.pad(&[[1, 0]], 0.5)?.narrow(1, 0, 3)?,
        };
        tensors.push(next);
    }
    tensors[tensors.len() - 1].mul(weights)?.sum(.., false)
}
