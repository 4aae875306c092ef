//! Linear regression by hand, as PyTorch's first tutorials do it: a polynomial of four weights is fitted to a sine.
//!
//! Run it with `cargo run --release -p receptive-tensor --example linear_regression`.
#![allow(clippy::print_stdout, reason = "an example shows what it learned")]

use tensor::random::{Purpose, Stream};
use tensor::{Tensor, TensorError, no_grad};

const LEARNING_RATE: f32 = 1e-3;
const N_STEPS: usize = 2000;

pub(crate) fn main() -> Result<(), TensorError> {
    // 200 points of a sine, and the powers of x as features: 1, x, x², x³.
    let x = Tensor::linspace(-3.0, 3.0, 200);
    let y = x.sin()?;
    let features = Tensor::stack(&[&Tensor::ones([200]), &x, &x.square()?, &x.pow(3.0)?], 1)?; // [200, 4]

    let mut stream = Stream::new(0, Purpose::Eager, 0);
    let weight = Tensor::randn([4], &mut stream).with_grad()?;

    let loss_of = |weight: &Tensor| features.matmul(weight)?.sub(&y)?.square()?.mean(.., false);
    let first_loss = no_grad(|| loss_of(&weight))?.item()?;
    for step in 0..N_STEPS {
        let loss = loss_of(&weight)?;
        loss.backward()?;
        // The step itself is nothing to differentiate.
        no_grad(|| {
            let grad = weight.grad().expect("backward has just computed it");
            weight.sub_(&grad.mul(LEARNING_RATE)?)
        })?;
        weight.zero_grad();
        if step % 400 == 0 {
            println!("step {step:4}: loss {:.4}", loss.item()?);
        }
    }

    let loss = no_grad(|| loss_of(&weight))?.item()?;
    println!("the loss fell from {first_loss:.4} to {loss:.4}, and the weights are");
    println!("{}", weight.detach());
    assert!(
        loss < 0.05,
        "a sine between -3 and 3 is nearly a polynomial of third degree, but the loss is {loss}"
    );
    Ok(())
}
