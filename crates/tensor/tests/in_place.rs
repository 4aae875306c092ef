//! Writes in place as PyTorch records them: on tensors, on views, and what is refused.
#![allow(missing_docs, reason = "tests are named for what they say")]

use tensor::autograd::{self, Backward};
use tensor::{DType, Tensor, TensorError, no_grad};

type Result = std::result::Result<(), TensorError>;

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_vec().unwrap()
}

fn grad(tensor: &Tensor) -> Vec<f32> {
    numbers(&tensor.grad().expect("there is a gradient"))
}

#[test]
fn writes_are_recorded() -> Result {
    let (x, w) = (Tensor::from([1.0, -2.0]).with_grad()?, Tensor::from([3.0, 4.0]).with_grad()?);
    let y = x.mul(2.0)?;
    y.add_(&w)?;
    y.relu_()?;
    y.mul_(10.0)?;
    assert_eq!(numbers(&y), [50.0, 0.0]);
    // relu saved its output, which the product then wrote over.
    assert!(matches!(
        y.sum(.., false)?.backward(),
        Err(TensorError::ModifiedInPlace { operation: "relu", .. })
    ));
    let y = x.mul(2.0)?;
    y.add_(&w)?;
    y.relu_()?;
    y.sum(.., false)?.backward()?;
    assert_eq!((grad(&x), grad(&w)), (vec![2.0, 0.0], vec![1.0, 0.0]));
    Ok(())
}

#[test]
fn the_numbers_before_a_write_are_kept_where_the_gradient_needs_them() -> Result {
    let (x, w) = (Tensor::from([1.0, -2.0]).with_grad()?, Tensor::from([3.0, 4.0]).with_grad()?);
    let y = x.mul(5.0)?;
    y.mul_(&w)?;
    y.get(0)?.div_(w.get(1)?)?;
    y.sum(.., false)?.backward()?;
    // y₀ = 5x₀w₀/w₁ and y₁ = 5x₁w₁
    assert_eq!((grad(&x), grad(&w)), (vec![3.75, 20.0], vec![1.25, -0.9375 - 10.0]));
    Ok(())
}

#[test]
fn copying_replaces_the_history() -> Result {
    let x = Tensor::from([1.0]).with_grad()?;
    let y = Tensor::zeros([3]);
    y.copy_(&x.mul(5.0)?)?;
    y.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [15.0]);
    Ok(())
}

#[test]
fn a_write_to_a_view_becomes_part_of_its_bases_history() -> Result {
    let a = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).with_grad()?;
    let x = a.mul(1.0)?;
    x.get(0)?.mul_(2.0)?;
    x.narrow(1, 2, 1)?.fill_(7.0)?;
    let column = x.t()?.get(1)?;
    column.add_(&a.get(0)?.narrow(0, 0, 2)?)?;
    assert_eq!(numbers(&x), [2.0, 5.0, 7.0, 4.0, 7.0, 7.0]);
    x.sum(.., false)?.backward()?;
    assert_eq!(grad(&a), [3.0, 3.0, 0.0, 1.0, 1.0, 0.0]);
    // The view that was written through has the new history too.
    a.zero_grad();
    assert!(matches!(column.sum(.., false)?.backward(), Err(TensorError::Freed { .. })));
    Ok(())
}

#[test]
fn a_base_that_nothing_learned_led_to_is_learned_once_a_view_is() -> Result {
    let w = Tensor::from([2.0, 3.0]).with_grad()?;
    let rows = Tensor::zeros([3, 2]);
    let last = rows.get(2)?;
    rows.get(1)?.copy_(&w.square()?)?;
    assert!(rows.requires_grad() && !rows.is_leaf());
    assert!(last.requires_grad(), "PyTorch does not ask which part it was");
    rows.set(&[2, 0], 9.0)?;
    rows.mul(Tensor::from([[1.0], [10.0], [100.0]]))?.sum(.., false)?.backward()?;
    assert_eq!(grad(&w), [40.0, 60.0]);
    assert_eq!(numbers(&last), [9.0, 0.0]);
    Ok(())
}

#[test]
fn views_taken_before_a_write_follow_the_new_history() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    let y = x.mul(2.0)?;
    let (first, both) = (y.get(0)?, y.view([2, 1])?);
    y.mul_(3.0)?;
    first.add_(&x.get(1)?)?;
    assert_eq!(numbers(&both), [8.0, 12.0]);
    both.square()?.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [96.0, 144.0 + 16.0]);
    Ok(())
}

#[test]
fn what_was_saved_before_a_view_was_written_to_is_noticed() -> Result {
    let a = Tensor::from([1.0, 2.0]).with_grad()?;
    let y = a.mul(1.0)?;
    let square = y.square()?;
    y.get(0)?.mul_(2.0)?;
    let error = square.sum(.., false)?.backward().unwrap_err();
    assert_eq!(error, TensorError::ModifiedInPlace { operation: "square", saved: 0, now: 1 });
    // What is computed after is right.
    y.square()?.sum(.., false)?.backward()?;
    assert_eq!(grad(&a), [8.0, 4.0]);
    Ok(())
}

#[test]
fn second_derivatives_go_through_a_written_view() -> Result {
    let x = Tensor::from([2.0, 3.0]).with_grad()?;
    let y = x.mul(1.0)?;
    y.get(1)?.mul_(&x.get(0)?)?; // [x₀, x₀·x₁]
    let loss = y.square()?.sum(.., false)?; // x₀² + x₀²x₁²
    let first = autograd::grad(&loss, &[&x], &Backward::default().create_graph())?.remove(0).unwrap();
    assert_eq!(numbers(&first), [40.0, 24.0]);
    first.get(0)?.backward()?; // 2x₀ + 2x₀x₁²
    assert_eq!(grad(&x), [20.0, 24.0]);
    Ok(())
}

#[test]
fn a_gradient_asked_for_inside_is_that_of_the_numbers_written_last() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    let y = x.mul(2.0)?;
    y.retain_grad()?;
    y.mul_(3.0)?;
    y.sum(.., false)?.backward()?;
    assert_eq!((grad(&y), grad(&x)), (vec![1.0, 1.0], vec![6.0, 6.0]));
    Ok(())
}

#[test]
fn half_precision_takes_numbers_with_their_history() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    let stored = Tensor::zeros([2, 2]).to(DType::F16)?;
    stored.get(1)?.copy_(&x.mul(3.0)?)?;
    stored.to(DType::F32)?.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [3.0, 3.0]);
    Ok(())
}

#[test]
fn learned_leaves_and_their_views_are_changed_under_no_grad_only() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    assert_eq!(x.add_(1.0), Err(TensorError::LeafInPlace { operation: "add" }));
    assert_eq!(x.get(0)?.zero_(), Err(TensorError::LeafInPlace { operation: "copy_" }));
    assert_eq!(x.set(&[0], 1.0), Err(TensorError::LeafInPlace { operation: "copy_" }));
    let first = x.get(0)?;
    no_grad(|| {
        x.add_(1.0)?;
        first.mul_(10.0)
    })?;
    assert_eq!(numbers(&x), [20.0, 3.0]);
    x.square()?.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [40.0, 6.0]);
    // Before it was learned somebody took a view; what it is given cannot become part of a leaf.
    let plain = Tensor::zeros([2]);
    let view = plain.get(0)?;
    plain.requires_grad_(true)?;
    let refused = view.copy_(&first);
    assert_eq!(refused, Err(TensorError::LeafInPlace { operation: "copy_" }));
    Ok(())
}

#[test]
fn views_that_the_tape_does_not_know_are_refused() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    let y = x.mul(2.0)?;
    let unknown = no_grad(|| y.get(0))?;
    assert_eq!(unknown.copy_(&x.get(1)?), Err(TensorError::ViewInPlace { operation: "copy_" }));
    y.mul_(3.0)?;
    assert_eq!(unknown.square().unwrap_err(), TensorError::StaleView { operation: "square" });
    assert_eq!(no_grad(|| unknown.square())?.item()?, 36.0);
    // A part of what does not lie in order has no place in it that the tape could name.
    let turned = Tensor::zeros([2, 3]).t()?.detach();
    let refused = turned.get(0)?.copy_(&x);
    assert_eq!(refused, Err(TensorError::ViewInPlace { operation: "copy_" }));
    Ok(())
}

#[test]
fn what_is_detached_has_a_history_of_its_own() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    let y = x.mul(2.0)?;
    let detached = y.detach();
    detached.add_(&x)?;
    assert_eq!(numbers(&y), [3.0, 6.0], "the numbers are shared");
    detached.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [1.0, 1.0]);
    y.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [3.0, 3.0]);
    Ok(())
}
