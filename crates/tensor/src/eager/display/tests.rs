//! What PyTorch prints for the same tensors.

use super::super::Tensor;
use crate::graph::DType;

#[test]
fn whole_floats_end_in_a_point_and_rows_are_aligned() {
    let text = Tensor::from([[1.0, 2.0], [3.0, 10.0]]).to_string();
    assert_eq!(text, "tensor([[ 1.,  2.],\n        [ 3., 10.]])");
}

#[test]
fn other_floats_have_four_digits_and_room_for_the_sign() {
    assert_eq!(Tensor::from([0.5, -1.25]).to_string(), "tensor([ 0.5000, -1.2500])");
    assert_eq!(Tensor::from([1.5, f64::NAN, f64::INFINITY]).to_string(), "tensor([1.5000,    nan,    inf])");
}

#[test]
fn numbers_far_apart_have_exponents() {
    assert_eq!(Tensor::from([1.0e-5, 1.0]).to_string(), "tensor([1.0000e-05, 1.0000e+00])");
    assert_eq!(Tensor::from([1.0, 100_000.0]).to_string(), "tensor([1.0000e+00, 1.0000e+05])");
}

#[test]
fn zeros_and_infinities_do_not_widen_a_row() {
    assert_eq!(Tensor::from([0.0, -0.0]).to_string(), "tensor([0., -0.])");
    assert_eq!(Tensor::from([f64::INFINITY, f64::NEG_INFINITY, 0.0]).to_string(), "tensor([inf, -inf, 0.])");
    assert_eq!(Tensor::from([f64::NEG_INFINITY, 2.0]).to_string(), "tensor([-inf, 2.])");
}

#[test]
fn one_number_has_no_brackets() {
    assert_eq!(Tensor::from(3.0).to_string(), "tensor(3.)");
    assert_eq!(Tensor::from(7).to_string(), "tensor(7)");
}

#[test]
fn kinds_that_the_numbers_do_not_show_are_named() {
    assert_eq!(Tensor::from([1_u8, 255]).to_string(), "tensor([  1, 255], dtype=torch.uint8)");
    assert_eq!(Tensor::from([true, false]).to_string(), "tensor([ True, False])");
    let half = Tensor::from([0.1]).to(DType::F16).unwrap();
    assert_eq!(half.to_string(), "tensor([0.1000], dtype=torch.float16)");
    assert_eq!(Tensor::zeros([0, 3]).to_string(), "tensor([], size=(0, 3))");
    let masks = Tensor::zeros([0]).to(DType::Bool).unwrap();
    assert_eq!(masks.to_string(), "tensor([], dtype=torch.bool)");
}

#[test]
fn the_place_on_the_tape_is_shown() {
    let x = Tensor::from([1.0]).with_grad().unwrap();
    assert_eq!(x.to_string(), "tensor([1.], requires_grad=True)");
    assert_eq!(x.exp().unwrap().to_string(), "tensor([2.7183], grad_fn=<exp>)");
}

#[test]
fn large_tensors_are_summarised() {
    assert_eq!(Tensor::arange(0..2000).to_string(), "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])");
    let text = Tensor::zeros([100, 100]).to_string();
    let row = "[0., 0., 0.,  ..., 0., 0., 0.]";
    let rows = [row, row, row, "...", row, row, row].join(",\n        ");
    assert_eq!(text, format!("tensor([{rows}])"));
}

#[test]
fn planes_are_apart_and_views_show_what_they_see() {
    let text = Tensor::from([[[1, 2]], [[3, 4]]]).to_string();
    assert_eq!(text, "tensor([[[1, 2]],\n\n        [[3, 4]]])");
    let transposed = Tensor::from([[1, 2], [3, 4]]).t().unwrap();
    assert_eq!(transposed.to_string(), "tensor([[1, 3],\n        [2, 4]])");
}

#[test]
fn long_rows_are_broken_at_eighty_characters() {
    let text = Tensor::arange(100..130).to_string();
    assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    assert_eq!(text.lines().nth(1).map(str::trim_start).and_then(|line| line.get(..3)), Some("114"));
}
