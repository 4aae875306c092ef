//! What has a gradient has a second one: against differences of the first.
#![allow(missing_docs, reason = "tests are named for what they say")]

use tensor::autograd::{self, Backward};
use tensor::random::{Purpose, Stream};
use tensor::{Tensor, TensorError, Window};

type Result<T = ()> = std::result::Result<T, TensorError>;
type Function<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;

/// Numbers of about 1, none near 0, where some functions bend.
fn random(shape: &[usize], step: u64) -> Tensor {
    let uniform = Tensor::rand(shape, &mut Stream::new(7, Purpose::Test, step));
    let sign =
        Tensor::rand(shape, &mut Stream::new(8, Purpose::Test, step)).sub(0.5).unwrap().sign().unwrap();
    uniform.add(0.3).unwrap().mul(sign).unwrap()
}

/// The gradient of `f`'s numbers, each with a weight of its own.
fn first(f: Function<'_>, x: &Tensor, how: &Backward) -> Result<Tensor> {
    let output = f(x)?;
    let weighted = output.mul(random(output.shape(), 1))?.sum(.., false)?;
    Ok(autograd::grad(&weighted, &[x], how)?.remove(0).unwrap())
}

fn check(name: &str, f: Function<'_>, x: &Tensor) -> Result {
    let weights = random(x.shape(), 2);
    let learned = x.copy()?.with_grad()?;
    let slope = first(f, &learned, &Backward::default().create_graph())?.mul(&weights)?.sum(.., false)?;
    // Where the slope does not change, nothing leads back.
    let second = match autograd::grad(&slope, &[&learned], &Backward::default()) {
        Ok(mut second) => second.remove(0),
        Err(TensorError::NoHistory) => None,
        Err(error) => return Err(error),
    };
    let second = second.unwrap_or_else(|| Tensor::zeros(x.shape()));
    let (second, numbers) = (second.to_vec::<f32>()?, x.to_vec::<f32>()?);
    for (position, &received) in second.iter().enumerate() {
        let moved = |step: f32| -> Result<f64> {
            let mut numbers = numbers.clone();
            numbers[position] += step;
            let moved = Tensor::from_vec(numbers, x.shape())?.with_grad()?;
            first(f, &moved, &Backward::default())?.mul(&weights)?.sum(.., false)?.item()
        };
        let step = 1.0 / 256.0;
        let expected = (moved(step)? - moved(-step)?) / f64::from(2.0 * step);
        // Float32 noise of some 1e-6 over the step, and the third derivative of what comes out times its square.
        let (received, most) = (f64::from(received), 3e-3 * (1.0 + expected.abs()));
        assert!((received - expected).abs() < most, "{name}[{position}]: {received} is not {expected}");
    }
    Ok(())
}

#[test]
fn of_elementwise_functions() -> Result {
    let functions: [(&str, Function<'_>); 24] = [
        ("neg", &|x| x.neg()),
        ("exp", &|x| x.exp()),
        ("log", &|x| x.abs()?.log()),
        ("sqrt", &|x| x.abs()?.sqrt()),
        ("sign", &|x| x.sign()?.mul(x)),
        ("square", &|x| x.square()),
        ("sin", &|x| x.sin()),
        ("cos", &|x| x.cos()),
        ("erf", &|x| x.erf()),
        ("relu", &|x| x.relu()?.square()),
        ("leaky_relu", &|x| x.leaky_relu(0.2)?.square()),
        ("elu", &|x| x.elu(0.7)),
        ("gelu", &|x| x.gelu()),
        ("gelu_tanh", &|x| x.gelu_tanh()),
        ("tanh", &|x| x.tanh()),
        ("sigmoid", &|x| x.sigmoid()),
        ("pow", &|x| x.pow(3.0)),
        ("pow of 1", &|x| x.pow(1.0)?.add(x.pow(0.0)?)),
        ("clamp", &|x| x.clamp(-0.9, 0.9)?.square()),
        ("div", &|x| x.div(x.square()?.add(1.0)?)),
        ("maximum", &|x| x.maximum(0.2)?.mul(x)),
        ("minimum", &|x| x.minimum(-0.2)?.mul(x)),
        ("where", &|x| x.square()?.where_(&x.gt(0.0)?, x.sin()?)),
        ("broadcast", &|x| x.sum(0, true)?.mul(x)?.sub(x.mean(1, true)?)?.square()),
    ];
    functions.iter().try_for_each(|(name, f)| check(name, *f, &random(&[2, 3], 3)))
}

#[test]
fn of_reductions_views_and_indexing() -> Result {
    let index = Tensor::from([[2, 0], [1, 1]]);
    let functions: [(&str, Function<'_>); 14] = [
        ("softmax", &|x| x.softmax(0)),
        ("log_softmax", &|x| x.log_softmax(1)),
        ("nll_loss", &|x| x.log_softmax(1)?.nll_loss(&Tensor::from([2, 0]))),
        ("mean", &|x| x.square()?.mean(0, false)),
        ("var", &|x| x.var(1, 1, false)),
        ("amax", &|x| x.amax(1, true)?.mul(x)),
        ("amin", &|x| x.amin(.., false)?.square()),
        ("views", &|x| x.t()?.slice(0, 1.., 1)?.square()?.reshape([4])?.expand([2, 4])),
        ("diagonal", &|x| x.diagonal(0, 1)?.pow(3.0)),
        ("pad", &|x| x.pad(&[[1, -1]], 0.5)?.square()),
        ("cat", &|x| Tensor::cat(&[x, &x.square()?], 1)?.square()),
        ("gather", &|x| x.gather(1, &index)?.square()),
        ("scatter", &|x| x.scatter(1, &Tensor::from([[0], [2]]), &x.square()?)?.square()),
        ("scatter_add", &|x| {
            x.scatter_add(1, &index, &x.square()?)?.index_select(0, &Tensor::from([1, 1]))?.square()
        }),
    ];
    functions.iter().try_for_each(|(name, f)| check(name, *f, &random(&[2, 3], 4)))
}

#[test]
fn of_products_convolutions_and_pooling() -> Result {
    let weight = random(&[2, 1, 3, 3], 5);
    let halving = Window { stride: [2, 2], ..Window::square(2) };
    let padded = Window { padding: [1, 1], ..Window::square(3) };
    let functions: [(&str, Function<'_>); 9] = [
        ("matmul", &|x| x.reshape([4, 4])?.matmul(&x.reshape([4, 4])?)),
        ("batch matmul", &|x| x.reshape([2, 2, 4])?.matmul(&x.reshape([1, 4, 4])?)),
        ("linear", &|x| x.reshape([2, 8])?.linear(&x.reshape([2, 8])?, None)),
        ("conv2d", &|x| x.conv2d(&weight, None, padded, 1)?.square()),
        ("conv2d's weight", &|x| random(&[1, 1, 6, 6], 6).conv2d(x, None, Window::square(4), 1)?.square()),
        ("max_pool2d", &|x| x.max_pool2d(halving)?.pow(3.0)),
        ("overlapping max_pool2d", &|x| x.max_pool2d(padded)?.square()),
        ("avg_pool2d", &|x| x.avg_pool2d(padded)?.square()),
        ("adaptive_avg_pool2d", &|x| x.adaptive_avg_pool2d([3, 1])?.square()),
    ];
    functions.iter().try_for_each(|(name, f)| check(name, *f, &random(&[1, 1, 4, 4], 7)))
}
