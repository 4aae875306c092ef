//! The cases' operations, by PyTorch's names.

use tensor::{Tensor, TensorError, Window};

use super::file::Case;

type Result = std::result::Result<Tensor, TensorError>;

/// Runs a case's operation on inputs found by role.
pub fn run(case: &Case, find: &dyn Fn(&str) -> Option<Tensor>) -> Result {
    let role = |role: &str| find(role).unwrap_or_else(|| panic!("{} has no {role}", case.name));
    let x = || role("input");
    let (a, b) = (|| role("a"), || role("b"));
    let pool = || Window {
        kernel: case.pair("kernel_size"),
        stride: case.pair("stride"),
        padding: case.pair("padding"),
        dilation: [1, 1],
    };
    match case.op() {
        "add" => a().add(b()),
        "sub" => a().sub(b()),
        "mul" => a().mul(b()),
        "div" => a().div(b()),
        "maximum" => a().maximum(b()),
        "minimum" => a().minimum(b()),
        "neg" => x().neg(),
        "exp" => x().exp(),
        "log" => x().log(),
        "sqrt" => x().sqrt(),
        "abs" => x().abs(),
        "relu" => x().relu(),
        "tanh" => x().tanh(),
        "sigmoid" => x().sigmoid(),
        "square" => x().square(),
        "leaky_relu" => x().leaky_relu(case.number("negative_slope")),
        "gelu" => x().gelu(),
        "elu" => x().elu(1.0),
        "pow" => x().pow(case.number("exponent")),
        "clamp" => x().clamp(case.number("min"), case.number("max")),
        "softmax" => x().softmax(case.integer("dim")),
        "log_softmax" => x().log_softmax(case.integer("dim")),
        "sum" => x().sum(case.dims().as_slice(), case.flag("keepdim")),
        "mean" => x().mean(case.dims().as_slice(), case.flag("keepdim")),
        "var" => x().var(case.dims().as_slice(), 1, case.flag("keepdim")),
        "amax" => x().amax(case.dims().as_slice(), case.flag("keepdim")),
        "amin" => x().amin(case.dims().as_slice(), case.flag("keepdim")),
        "linear" => x().linear(&role("weight"), Some(&role("bias"))),
        "matmul" => a().matmul(&b()),
        "conv2d" => {
            let weight = role("weight");
            let window = Window {
                kernel: [weight.shape()[2], weight.shape()[3]],
                stride: case.pair("stride"),
                padding: case.pair("padding"),
                dilation: case.pair("dilation"),
            };
            x().conv2d(&weight, find("bias").as_ref(), window, case.pair("groups")[0])
        }
        "max_pool2d" => x().max_pool2d(pool()),
        "avg_pool2d" => x().avg_pool2d(pool()),
        "adaptive_avg_pool2d" => x().adaptive_avg_pool2d(case.pair("output_size")),
        "transpose(0,1)[1:3]" => x().transpose(0, 1)?.slice(0, 1..3, 1),
        "expand(4,5)" => x().expand([4, 5]),
        "cat" => Tensor::cat(&[&a(), &b()], case.integer("dim")),
        "stack" => Tensor::stack(&[&a(), &b()], case.integer("dim")),
        "gather" => x().gather(case.integer("dim"), &case.tensor("index")),
        "index_select" => x().index_select(case.integer("dim"), &case.tensor("index")),
        "pad" => {
            let sizes = case.integers("pad");
            let pairs: Vec<[isize; 2]> = sizes.chunks(2).map(|pair| [pair[0], pair[1]]).collect();
            x().pad(&pairs, case.number("value"))
        }
        other => panic!("{} is of {other}", case.name),
    }
}

/// The view that a case is named for.
pub fn view(name: &str, base: &Tensor) -> Result {
    match name {
        "transpose_0_2" => base.transpose(0, 2),
        "permute_2_0_1" => base.permute([2, 0, 1]),
        "index_1" => base.get(1),
        "slice_dim1_1_3" => base.slice(1, 1..3, 1),
        "slice_step2" => base.slice(2, .., 2),
        "unsqueeze_1" => base.unsqueeze(1),
        "squeeze_of_unsqueeze" => base.unsqueeze(0)?.squeeze(0),
        "expand" => base.slice(1, ..1, 1)?.expand([3, 7, 5]),
        "reshape_6_10" => base.reshape([6, 10]),
        "view_of_slice" => base.get(1)?.view([2, 10]),
        "narrow_2_1_3" => base.narrow(2, 1, 3),
        "flatten_1" => base.flatten(1, -1),
        "diagonal_free_select" => base.select(2, 4),
        "reshape_of_transpose_copies" => base.transpose(0, 1)?.reshape([12, 5]),
        "contiguous_of_transpose" => base.transpose(0, 2)?.contiguous(),
        other => panic!("there is no view {other}"),
    }
}
