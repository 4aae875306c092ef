//! The examples run to their end, and reach what they say.
#![allow(missing_docs, reason = "tests are named for what they say")]

#[path = "../examples/cnn_digits.rs"]
mod cnn_digits;
#[path = "../examples/linear_regression.rs"]
mod linear_regression;
#[path = "../examples/linear_regression_optimiser.rs"]
mod linear_regression_optimiser;

#[test]
fn a_convolutional_network_learns_the_built_in_digits() {
    cnn_digits::main().unwrap();
}

#[test]
fn a_polynomial_learns_a_sine_by_hand() {
    linear_regression::main().unwrap();
}

#[test]
fn a_polynomial_learns_a_sine_by_an_optimiser() {
    linear_regression_optimiser::main().unwrap();
}
