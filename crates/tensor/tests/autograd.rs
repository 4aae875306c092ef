//! The tape behaves as PyTorch's: what accumulates, what is freed, what is refused.
#![allow(missing_docs, reason = "tests are named for what they say")]

use tensor::autograd::{self, Backward};
use tensor::ops::ElementLoss;
use tensor::{DType, Tensor, TensorError, Window, no_grad};

type Result = std::result::Result<(), TensorError>;

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_vec().unwrap()
}

fn grad(tensor: &Tensor) -> Vec<f32> {
    numbers(&tensor.grad().expect("there is a gradient"))
}

#[test]
fn gradients_accumulate_until_they_are_zeroed() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    x.square()?.sum(.., false)?.backward()?;
    x.square()?.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [4.0, 8.0]);
    x.zero_grad();
    assert!(x.grad().is_none());
    x.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [1.0, 1.0]);
    Ok(())
}

#[test]
fn a_value_used_twice_gets_both_gradients_and_shares_them_with_nobody() -> Result {
    let (a, b) = (Tensor::from([1.0]).with_grad()?, Tensor::from([2.0]).with_grad()?);
    a.add(&b)?.add(&a)?.backward()?;
    assert_eq!((grad(&a), grad(&b)), (vec![2.0], vec![1.0]));
    a.zero_grad();
    a.add(&b)?.backward()?;
    a.grad().unwrap().zero_()?;
    assert_eq!(grad(&b), [2.0]);
    Ok(())
}

#[test]
fn nothing_is_recorded_under_no_grad_nor_for_what_is_detached() -> Result {
    let x = Tensor::from([3.0]).with_grad()?;
    assert!(no_grad(|| x.square())?.grad_fn().is_none());
    let y = x.square()?.detach();
    assert!(!y.requires_grad() && y.is_leaf());
    y.mul(&x)?.backward()?;
    assert_eq!(grad(&x), [9.0]);
    assert_eq!(x.detach().backward(), Err(TensorError::NoHistory));
    Ok(())
}

#[test]
fn a_second_walk_needs_the_graph_retained() -> Result {
    let x = Tensor::from(2.0).with_grad()?;
    let y = x.square()?;
    Backward::default().retain_graph().run(&y)?;
    y.backward()?;
    assert_eq!(grad(&x), [8.0]);
    assert_eq!(y.backward(), Err(TensorError::Freed { operation: "square" }));
    let error = y.backward().unwrap_err().to_string();
    assert!(error.contains("retain_graph"), "{error}");
    // A sum saves nothing, and so has nothing to lose.
    let sum = x.add(1.0)?;
    sum.backward()?;
    sum.backward()
}

#[test]
fn a_saved_value_that_was_modified_is_noticed() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    let doubled = x.mul(2.0)?;
    let square = doubled.square()?;
    doubled.detach().get(0)?.fill_(5.0)?;
    let error = square.sum(.., false)?.backward().unwrap_err();
    assert_eq!(error, TensorError::ModifiedInPlace { operation: "square", saved: 0, now: 1 });
    assert!(x.grad().is_none());
    // What was not saved may be modified.
    let doubled = x.mul(2.0)?;
    let sum = doubled.add(1.0)?.sum(.., false)?;
    doubled.detach().zero_()?;
    sum.backward()
}

#[test]
fn gradients_inside_are_kept_on_request() -> Result {
    let x = Tensor::from(3.0).with_grad()?;
    let (inside, other) = (x.square()?, x.exp()?);
    inside.retain_grad()?;
    inside.mul(4.0)?.add(&other)?.backward()?;
    assert_eq!(grad(&inside), [4.0]);
    assert!(other.grad().is_none());
    Ok(())
}

#[test]
fn explicit_inputs_get_their_gradients_returned() -> Result {
    let (x, y) = (Tensor::from(3.0).with_grad()?, Tensor::from(4.0).with_grad()?);
    let unused = Tensor::from(5.0).with_grad()?;
    let inside = x.mul(&y)?;
    let grads = autograd::grad(&inside.square()?, &[&inside, &y, &unused], &Backward::default())?;
    let grads: Vec<Option<f64>> =
        grads.iter().map(|grad| grad.as_ref().map(|grad| grad.item().unwrap())).collect();
    assert_eq!(grads, [Some(24.0), Some(72.0), None]);
    assert!(x.grad().is_none() && y.grad().is_none());
    Ok(())
}

#[test]
fn second_derivatives_come_out() -> Result {
    // Of a sum of squares through a small network with smooth functions, against finite differences of the first.
    let weight = Tensor::from([[0.3, -0.5], [0.8, 0.1]]).with_grad()?;
    let input = Tensor::from([[1.0, 2.0], [-1.0, 0.5]]);
    let loss = |weight: &Tensor| {
        let hidden = input.linear(weight, None)?.tanh()?;
        hidden.log_softmax(1)?.mul(&hidden.sigmoid()?)?.add(&hidden.gelu()?)?.square()?.mean(.., false)
    };
    let slope = |weight: &Tensor| -> std::result::Result<Tensor, TensorError> {
        let how = Backward::default().create_graph();
        let first = autograd::grad(&loss(weight)?, &[weight], &how)?.remove(0).unwrap();
        first.mul(Tensor::from([[1.0, -2.0], [0.5, 3.0]]))?.sum(.., false)
    };
    let second = autograd::grad(&slope(&weight)?, &[&weight], &Backward::default())?.remove(0).unwrap();
    for position in 0..4 {
        let moved = |step: f64| {
            let moved = weight.detach().copy()?;
            let index = [position / 2, position % 2];
            moved.set(&index, f64::from(numbers(&weight)[position]) + step)?;
            slope(&moved.with_grad()?)?.item()
        };
        let expected = (moved(1e-2)? - moved(-1e-2)?) / 2e-2;
        let received = f64::from(numbers(&second)[position]);
        // Float32 noise of about 1e-6 over 0.02, and the third derivative's step².
        assert!((received - expected).abs() < 2e-3 * (1.0 + expected.abs()), "{received} {expected}");
    }
    Ok(())
}

#[test]
fn second_derivatives_of_pooling_pick_what_was_the_largest() -> Result {
    let x = Tensor::from([[3.0, 1.0, -2.0, 0.5], [0.0, 2.0, 4.0, 4.0]]).with_grad()?;
    let window = Window { stride: [2, 2], ..Window::square(2) };
    let pooled = x.unsqueeze(0)?.max_pool2d(window)?; // 3 and the first 4
    let cubes = pooled.pow(3.0)?.sum(.., false)?;
    let first = autograd::grad(&cubes, &[&x], &Backward::default().create_graph())?.remove(0).unwrap();
    assert_eq!(numbers(&first), [27.0, 0.0, 0.0, 0.0, 0.0, 0.0, 48.0, 0.0]);
    let how = Backward::default().create_graph();
    let second = autograd::grad(&first.sum(.., false)?, &[&x], &how)?.remove(0).unwrap();
    assert_eq!(numbers(&second), [18.0, 0.0, 0.0, 0.0, 0.0, 0.0, 24.0, 0.0]);
    second.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [6.0, 0.0, 0.0, 0.0, 0.0, 0.0, 6.0, 0.0]);
    Ok(())
}

#[test]
fn what_is_flat_has_a_gradient_of_zero() -> Result {
    let x = Tensor::from([-1.0, 0.0, 2.0]).with_grad()?;
    for flat in [x.sign()?, x.pow(0.0)?] {
        x.zero_grad();
        flat.sum(.., false)?.backward()?;
        assert_eq!(grad(&x), [0.0; 3]);
    }
    Ok(())
}

#[test]
fn a_missing_second_derivative_is_an_error() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    let loss = Tensor::apply(ElementLoss::Mse, &[&x, &Tensor::zeros([2])])?;
    let first = autograd::grad(&loss, &[&x], &Backward::default().create_graph())?.remove(0).unwrap();
    let error = first.square()?.sum(.., false)?.backward().unwrap_err();
    assert_eq!(error, TensorError::NoGradient { operation: "element_loss_grad" });
    Ok(())
}

#[test]
fn gradients_pass_through_half_precision_and_are_floats() -> Result {
    let x = Tensor::from([[1.0, 2.0], [3.0, 0.1]]).with_grad()?;
    let half = x.to(DType::F16)?;
    assert!(half.requires_grad());
    assert_eq!(half.grad_fn().unwrap().name(), "to");
    half.retain_grad()?;
    let row = half.t()?.get(1)?.to(DType::F32)?;
    assert_eq!(numbers(&row), [2.0, 0.099_975_586]);
    row.square()?.sum(.., false)?.backward()?;
    assert_eq!(grad(&half), [0.0, 4.0, 0.0, 0.199_951_17]);
    assert_eq!(grad(&x), grad(&half));
    // What is joined and picked in half precision is followed too.
    let doubled = Tensor::cat(&[&half, &half], 0)?.index_select(0, &Tensor::from([3, 0]))?;
    x.zero_grad();
    doubled.to(DType::F32)?.sum(.., false)?.backward()?;
    assert_eq!(grad(&x), [1.0; 4]);
    assert!(!x.to(DType::I64)?.requires_grad() && !x.detach().to(DType::F16)?.requires_grad());
    Ok(())
}

#[test]
fn only_single_numbers_start_a_walk_by_themselves() -> Result {
    let x = Tensor::from([1.0, 2.0]).with_grad()?;
    assert_eq!(x.square()?.backward(), Err(TensorError::NotScalar { shape: vec![2] }));
    let wrong = Backward::default().gradient(&Tensor::ones([3])).run(&x.square()?);
    assert!(matches!(wrong, Err(TensorError::Shapes { .. })));
    let whole = Tensor::from([1, 2]).with_grad().unwrap_err();
    assert_eq!(whole, TensorError::NotDifferentiable { received: DType::I64 });
    Ok(())
}

#[test]
fn views_and_expanded_operands_pass_gradients_to_their_base() -> Result {
    let x = Tensor::arange_step(0.0, 6.0, 1.0).reshape([2, 3])?.copy()?.with_grad()?;
    let diagonal = x.diagonal(0, 1)?.sum(.., false)?;
    diagonal.add(&x.t()?.slice(0, 1.., 2)?.expand([4, 1, 2])?.sum(.., false)?)?.backward()?;
    assert_eq!(grad(&x), [1.0, 4.0, 0.0, 0.0, 5.0, 0.0]);
    Ok(())
}

#[test]
fn a_chain_of_a_hundred_thousand_operations_can_be_dropped() -> Result {
    let x = Tensor::from(0.0).with_grad()?;
    let mut y = x.clone();
    for _ in 0..100_000 {
        y = y.add(1.0)?;
    }
    y.backward()?;
    assert_eq!(grad(&x), [1.0]);
    drop(y);
    Ok(())
}

#[test]
fn the_tape_can_be_walked_and_tells_what_it_saved() -> Result {
    let (x, w) = (Tensor::from([[1.0, 2.0]]), Tensor::from([[3.0], [4.0]]).with_grad()?);
    let output = x.matmul(&w)?.sigmoid()?;
    let nodes = autograd::describe(&output);
    assert_eq!(nodes.len(), 3);
    let (leaf, product) = (&nodes[0], &nodes[1]);
    assert_eq!((leaf.shape.as_slice(), leaf.grad_fn.is_none()), (&[2, 1][..], true));
    assert_eq!(product.inputs.iter().map(|input| input.id).collect::<Vec<_>>(), [None, Some(leaf.id)]);
    let saved = product.grad_fn.as_ref().unwrap().saved();
    assert_eq!(saved.len(), 1, "the weight needs no gradient of the input, so the weight is not saved");
    assert_eq!((saved[0].input_idx, saved[0].shape.as_slice()), (Some(0), &[1, 2][..]));
    let saved = output.grad_fn().unwrap().saved();
    assert_eq!((saved.len(), saved[0].input_idx), (1, None), "a sigmoid saves its output");
    output.sum(.., false)?.backward()?;
    assert!(output.grad_fn().unwrap().saved().is_empty());
    Ok(())
}
