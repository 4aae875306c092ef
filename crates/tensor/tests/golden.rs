//! Eager tensors compute what PyTorch computed in 64 bits: values, gradients, and the layouts of views.
#![allow(missing_docs, reason = "tests are named for what they say")]

#[path = "golden/file.rs"]
mod file;
#[path = "golden/operations.rs"]
mod operations;

use file::{Case, cases};
use operations::run;
use tensor::{Tensor, TensorError, autograd::Backward};

/// How far a number may lie from PyTorch's, which was computed in 64 bits and rounded once: a share of the number, and of
/// the largest number beside it, as sums cancel.
struct Tolerance {
    relative: f64,
    of_largest: f64,
}

/// Elementwise functions: a few roundings of 2⁻²⁴ ≈ 6e-8 each, one after another, and in softmax's gradient a difference
/// of numbers some times as large as what is left.
const ELEMENTWISE: Tolerance = Tolerance { relative: 2e-6, of_largest: 1e-6 };
/// Sums of up to about a thousand products, in an order of our own: rounding grows as the square root of their number.
const SUMS: Tolerance = Tolerance { relative: 1e-5, of_largest: 2e-6 };
/// What only moves numbers moves them exactly.
const EXACT: Tolerance = Tolerance { relative: 0.0, of_largest: 0.0 };

fn assert_close(what: &str, received: &Tensor, expected: &Tensor, tolerance: &Tolerance) {
    assert_eq!(received.shape(), expected.shape(), "{what}");
    let numbers = |tensor: &Tensor| tensor.to_vec::<f32>().unwrap();
    let largest = numbers(expected).into_iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    for (idx, (a, b)) in numbers(received).into_iter().zip(numbers(expected)).enumerate() {
        let allowed = tolerance.relative * f64::from(b.abs()) + tolerance.of_largest * f64::from(largest);
        let distance = (f64::from(a) - f64::from(b)).abs();
        assert!(distance <= allowed, "{what}[{idx}]: {a}, but PyTorch has {b}");
    }
}

/// Runs a case's operation, and walks back from the gradient that PyTorch was given.
fn check(case: &Case, values: &Tolerance, gradients: &Tolerance) -> Result<(), TensorError> {
    let inputs: Vec<(String, Tensor)> = case.learned_inputs()?;
    let output =
        run(case, &|role| inputs.iter().find(|(name, _)| name == role).map(|(_, tensor)| tensor.clone()))?;
    assert_close(&case.name, &output, &case.tensor("output"), values);
    Backward::default().gradient(&case.tensor("grad_output")).run(&output)?;
    assert!(!inputs.is_empty(), "{} has no input", case.name);
    for (role, input) in inputs {
        let what = format!("{}, the gradient of {role}", case.name);
        let grad = input.grad().unwrap_or_else(|| panic!("{what}: there is none"));
        assert_close(&what, &grad, &case.tensor(&format!("grad_{role}")), gradients);
    }
    Ok(())
}

fn check_file(name: &str, n_cases: usize, values: &Tolerance, gradients: &Tolerance) {
    let cases = cases(name);
    let differentiated: Vec<_> = cases.iter().filter(|case| case.find("grad_output").is_some()).collect();
    assert_eq!(differentiated.len(), n_cases, "{name}");
    for case in differentiated {
        check(case, values, gradients).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
}

#[test]
fn elementwise_functions_and_their_gradients() {
    check_file("elementwise", 50, &ELEMENTWISE, &ELEMENTWISE);
}

#[test]
fn linear_layers_and_matrix_products_and_their_gradients() {
    check_file("linear_matmul", 13, &SUMS, &SUMS);
}

#[test]
fn reductions_and_their_gradients() {
    check_file("reductions", 25, &SUMS, &SUMS);
}

#[test]
fn convolutions_and_their_gradients() {
    check_file("conv2d", 14, &SUMS, &SUMS);
}

#[test]
fn pooling_and_its_gradients() {
    check_file("pool2d", 9, &SUMS, &SUMS);
}

#[test]
fn indexing_and_joining_and_their_gradients() {
    check_file("views", 7, &EXACT, &ELEMENTWISE);
}

#[test]
fn positions_of_the_largest() {
    let cases = cases("reductions");
    let cases: Vec<_> = cases.iter().filter(|case| case.op() == "argmax").collect();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let positions = case.tensor("input").argmax(case.integer("dim"), false).unwrap();
        assert_eq!(positions.to_vec::<i64>(), case.tensor("output").to_vec::<i64>(), "{}", case.name);
    }
}

#[test]
fn scattering_ones_makes_one_hot_rows() {
    let cases = cases("views");
    let case = cases.iter().find(|case| case.op() == "scatter").unwrap();
    let scattered = Tensor::zeros([5, 4]).scatter(1, &case.tensor("index"), 1.0).unwrap();
    assert_close(&case.name, &scattered, &case.tensor("output"), &EXACT);
}

#[test]
fn views_have_pytorchs_shapes_strides_offsets_contiguity_and_sharing() {
    let cases = cases("views");
    let cases: Vec<_> = cases.iter().filter(|case| case.op() == "view").collect();
    assert_eq!(cases.len(), 15);
    for case in cases {
        let base = case.tensor("base");
        let view = operations::view(&case.name, &base).unwrap();
        let name = &case.name;
        assert_close(name, &view, &case.tensor("output"), &EXACT);
        assert_eq!(view.shape(), case.sizes("shape"), "{name}");
        assert_eq!(view.strides(), case.sizes("strides"), "{name}");
        assert_eq!(view.storage_offset() as i64, case.arguments["offset"].as_i64().unwrap(), "{name}");
        assert_eq!(view.is_contiguous(), case.arguments["contiguous"].as_bool().unwrap(), "{name}");
        assert_eq!(view.shares_storage(&base), case.arguments["shares_storage"].as_bool().unwrap(), "{name}");
    }
}
