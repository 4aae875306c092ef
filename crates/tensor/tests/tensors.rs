//! Storage, kinds, indexing and errors, case by case.
#![allow(missing_docs, reason = "tests are named for what they say")]

use tensor::random::{Purpose, Stream};
use tensor::{DType, Tensor, TensorError, Window};

type Result = std::result::Result<(), TensorError>;

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.to_vec().unwrap()
}

#[test]
fn what_is_written_through_a_view_is_seen_by_its_base_and_counted() -> Result {
    let base = Tensor::arange_step(0.0, 6.0, 1.0).reshape([2, 3])?;
    let column = base.t()?.get(1)?;
    column.mul_(10.0)?;
    assert_eq!(numbers(&base), [0.0, 10.0, 2.0, 3.0, 40.0, 5.0]);
    assert_eq!((base.version(), column.version()), (1, 1));
    base.set(&[0, 1], 7.0)?;
    assert_eq!(column.get(0)?.item()?, 7.0);
    assert_eq!((base.numel(), column.storage_len()), (6, 6));
    Ok(())
}

#[test]
fn a_copy_owns_its_numbers() -> Result {
    let base = Tensor::zeros([2, 2]);
    let (copy, handle) = (base.copy()?, base.clone());
    base.fill_(1.0)?;
    assert_eq!((numbers(&copy), numbers(&handle)), (vec![0.0; 4], vec![1.0; 4]));
    assert!(base.contiguous()?.shares_storage(&base) && !base.t()?.contiguous()?.shares_storage(&base));
    Ok(())
}

#[test]
fn only_one_place_may_be_written_at_once() -> Result {
    let expanded = Tensor::zeros([1, 2]).expand([3, -1])?;
    assert_eq!(expanded.add_(1.0), Err(TensorError::SharedPlaces { operation: "add" }));
    let error = Tensor::zeros([2]).add_(Tensor::zeros([3, 2])).unwrap_err();
    assert!(error.to_string().contains("written in place"), "{error}");
    Ok(())
}

#[test]
fn strides_that_no_element_needs_are_pytorchs_too() -> Result {
    let x = Tensor::zeros([2, 3]);
    assert_eq!(x.expand([1, 1, 2, 3])?.strides(), [6, 6, 3, 1]);
    assert_eq!(x.expand([1, 4, 2, 3])?.strides(), [0, 0, 3, 1]);
    assert_eq!(x.slice(1, 1.., 1)?.expand([1, -1, 2])?.strides(), [6, 3, 1]);
    assert_eq!(Tensor::from(1.0).expand([1, 1])?.strides(), [0, 0]);
    let nothing = Tensor::zeros([4, 3]).slice(0, 2..2, 1)?.slice(1, .., 2)?;
    assert_eq!(nothing.reshape([0, 2])?.strides(), [3, 2]);
    assert_eq!(nothing.reshape([2, 0])?.strides(), [1, 1]);
    Ok(())
}

#[test]
fn a_view_that_needs_a_copy_is_refused_and_says_so() -> Result {
    let error = Tensor::zeros([2, 3]).t()?.view([6]).unwrap_err();
    assert!(error.to_string().contains("use reshape"), "{error}");
    assert!(matches!(Tensor::zeros([2, 3]).view([4, -1]), Err(TensorError::Shapes { .. })));
    assert!(matches!(Tensor::zeros([2, 3]).reshape([-1, -1]), Err(TensorError::Shapes { .. })));
    assert!(matches!(Tensor::zeros([2, 3]).reshape([-2, -3]), Err(TensorError::Shapes { .. })));
    Ok(())
}

#[test]
fn dimensions_and_positions_count_from_both_ends() -> Result {
    let x = Tensor::arange_step(0.0, 6.0, 1.0).reshape([2, 3])?;
    assert_eq!(numbers(&x.select(-1, -1)?), [2.0, 5.0]);
    assert_eq!(numbers(&x.slice(1, -2.., 1)?), [1.0, 2.0, 4.0, 5.0]);
    assert_eq!(x.slice(1, 5.., 1)?.shape(), [2, 0]);
    assert_eq!(numbers(&x.slice(1, ..=9, 2)?), [0.0, 2.0, 3.0, 5.0]);
    assert_eq!(x.get(2).unwrap_err(), TensorError::Index { operation: "select", index: 2, size: 2 });
    assert_eq!(x.transpose(0, 2).unwrap_err(), TensorError::Dim { operation: "transpose", dim: 2, rank: 2 });
    assert_eq!(x.squeeze(0)?.shape(), [2, 3]);
    let negative = x.gather(1, &Tensor::from([[-1], [0]])).unwrap_err();
    assert_eq!(negative, TensorError::Index { operation: "gather", index: -1, size: 3 });
    let outside = x.gather(1, &Tensor::from([[3], [0]])).unwrap_err();
    assert_eq!(outside, TensorError::Index { operation: "gather", index: 3, size: 3 });
    Ok(())
}

#[test]
fn kinds_convert_as_they_should() -> Result {
    let x = Tensor::from([-1.7, 0.0, 2.5, 300.0]);
    assert_eq!(x.to(DType::I64)?.to_vec::<i64>()?, [-1, 0, 2, 300]);
    assert_eq!(x.to(DType::U8)?.to_vec::<u8>()?, [0, 0, 2, 255]);
    assert_eq!(x.to(DType::Bool)?.to_vec::<bool>()?, [true, false, true, true]);
    assert_eq!(numbers(&Tensor::from([0.1]).to(DType::F16)?.to(DType::F32)?), [0.099_975_586]);
    assert!(x.to(DType::F32)?.shares_storage(&x));
    // PyTorch keeps the lowest byte of whole numbers.
    assert_eq!(Tensor::from([300, -1]).to(DType::U8)?.to_vec::<u8>()?, [44, 255]);
    let error = x.to(DType::F16)?.add(1.0).unwrap_err();
    assert!(matches!(error, TensorError::DType { operation: "add", input_idx: 0, received: DType::F16, .. }));
    Ok(())
}

#[test]
fn whole_numbers_are_promoted_as_pytorch_promotes_them() -> Result {
    let (whole, floats, bytes) = (Tensor::from([7, -2]), Tensor::from([0.5, 1.0]), Tensor::from([250_u8, 3]));
    let shown = |tensor: Tensor| {
        let items = [0, 1].map(|idx| tensor.get(idx).and_then(|item| item.item()).unwrap());
        (tensor.dtype(), items.to_vec())
    };
    let float = |numbers: [f64; 2]| (DType::F32, numbers.to_vec());
    let integer = |kind: DType, numbers: [f64; 2]| (kind, numbers.to_vec());
    assert_eq!(shown(whole.add(&floats)?), float([7.5, -1.0]));
    assert_eq!(shown(floats.sub(&whole)?), float([-6.5, 3.0]));
    assert_eq!(shown(whole.mul(1.5)?), float([10.5, -3.0]));
    assert_eq!(shown(floats.mul(2)?), float([1.0, 2.0]));
    assert_eq!(shown(whole.div(2)?), float([3.5, -1.0]));
    assert_eq!(shown(whole.mul(2)?), integer(DType::I64, [14.0, -4.0]));
    assert_eq!(shown(whole.maximum(&bytes)?), integer(DType::I64, [250.0, 3.0]));
    assert_eq!(shown(bytes.maximum(&whole)?), integer(DType::I64, [250.0, 3.0]));
    assert_eq!(shown(bytes.add(10)?), integer(DType::U8, [4.0, 13.0]));
    assert_eq!(shown((10 + &bytes)?), integer(DType::U8, [4.0, 13.0]));
    assert_eq!(whole.unsqueeze(1)?.add(&whole)?.to_vec::<i64>()?, [14, 5, 5, -4]);
    assert!(matches!(whole.add(Tensor::from([1, 2, 3])), Err(TensorError::Broadcast { .. })));

    let learned = floats.copy()?.with_grad()?;
    learned.mul(&whole)?.sum(.., false)?.backward()?;
    assert_eq!(numbers(&learned.grad().unwrap()), [7.0, -2.0]);
    floats.add_(&whole)?;
    floats.mul_(2)?;
    assert_eq!(numbers(&floats), [15.0, -2.0]);
    assert_eq!(numbers(&floats.where_(&floats.gt(0)?, 0)?), [15.0, 0.0]);
    Ok(())
}

#[test]
fn masks_count_beside_numbers_and_stay_masks_among_themselves() -> Result {
    let (mask, other) = (Tensor::from([true, false]), Tensor::from([true, true]));
    assert_eq!(numbers(&mask.mul(Tensor::from([0.5, 0.5]))?), [0.5, 0.0]);
    assert_eq!(mask.add(1)?.to_vec::<i64>()?, [2, 1]);
    assert_eq!(numbers(&(1.0 - &mask)?), [0.0, 1.0]);
    assert_eq!(mask.add(&other)?.to_vec::<bool>()?, [true, true]);
    assert_eq!(mask.mul(&other)?.to_vec::<bool>()?, [true, false]);
    assert!(matches!(mask.sub(&other), Err(TensorError::DType { received: DType::Bool, .. })));
    assert_eq!(mask.sum(.., false)?.to_vec::<i64>()?, [1]);
    assert_eq!((mask.any(.., false)?.item()?, mask.all(.., false)?.item()?), (1.0, 0.0));
    let nothing = Tensor::zeros([0, 2]);
    assert_eq!(nothing.any(0, false)?.to_vec::<bool>()?, [false; 2]);
    assert_eq!(nothing.all(0, true)?.to_vec::<bool>()?, [true; 2]);
    Ok(())
}

#[test]
fn whole_numbers_are_reduced_and_mapped_as_whole_numbers() -> Result {
    let x = Tensor::from([[9_007_199_254_740_993_i64, -4], [2, 7]]);
    assert_eq!(x.sum(1, true)?.to_vec::<i64>()?, [9_007_199_254_740_989, 9]);
    assert_eq!(x.t()?.sum([0, 1], false)?.to_vec::<i64>()?, [9_007_199_254_740_998]);
    assert_eq!(x.amax(0, false)?.to_vec::<i64>()?, [9_007_199_254_740_993, 7]);
    assert_eq!(x.amin(.., false)?.to_vec::<i64>()?, [-4]);
    assert_eq!(Tensor::from([250_u8, 10]).sum(0, false)?.to_vec::<i64>()?, [260]);
    assert_eq!(Tensor::from([250_u8, 10]).amin(0, false)?.to_vec::<u8>()?, [10]);
    assert!(matches!(x.mean(.., false), Err(TensorError::DType { received: DType::I64, .. })));
    let small = Tensor::from([-2, 3]);
    assert_eq!((-&small)?.to_vec::<i64>()?, [2, -3]);
    assert_eq!(small.abs()?.to_vec::<i64>()?, [2, 3]);
    assert_eq!(small.relu()?.square()?.to_vec::<i64>()?, [0, 9]);
    assert_eq!(numbers(&Tensor::from([4, 9]).sqrt()?), [2.0, 3.0]);
    assert_eq!(numbers(&small.pow(2.0)?), [4.0, 9.0]);
    assert!(Tensor::from([true]).neg().is_err() && small.gelu().is_err());
    small.add_(5)?;
    small.mul_(Tensor::from([true, false]))?;
    assert_eq!(small.to_vec::<i64>()?, [3, 0]);
    assert!(matches!(
        small.mul_(0.5),
        Err(TensorError::DType { operation: "mul", received: DType::F32, .. })
    ));
    assert!(matches!(small.add_(Tensor::zeros([3, 2]).to(DType::I64)?), Err(TensorError::Shapes { .. })));
    assert_eq!(x.get(0)?.sort(0, true)?.1.to_vec::<i64>()?, [0, 1]);
    assert!(x.gt(Tensor::from(9_007_199_254_740_992_i64))?.get(0)?.get(0)?.item()? == 1.0);
    Ok(())
}

#[test]
fn dimensions_are_named_once_and_a_single_number_has_none() -> Result {
    let (x, one) = (Tensor::zeros([2, 3]), Tensor::from(5.0));
    assert!(matches!(x.sum([0, -2], false), Err(TensorError::Argument { argument: "dims", .. })));
    for dim in [0, -1] {
        assert_eq!(one.sum(dim, false)?.item()?, 5.0);
        assert_eq!(one.amax(dim, true)?.shape(), [0_usize; 0]);
        assert_eq!(one.softmax(dim)?.item()?, 1.0);
        assert_eq!(one.argmax(dim, false)?.item()?, 0.0);
        assert_eq!(one.sort(dim, false)?.1.item()?, 0.0);
        assert_eq!(one.squeeze(dim)?.rank(), 0);
    }
    assert_eq!(one.sum(1, false).unwrap_err(), TensorError::Dim { operation: "sum", dim: 1, rank: 0 });
    assert!(one.select(0, 0).is_err());
    assert_eq!(Tensor::zeros([1, 3, 1]).squeeze(..)?.shape(), [3]);
    assert_eq!(Tensor::zeros([1, 3, 1]).squeeze([0, 1])?.shape(), [3, 1]);
    assert_eq!(Tensor::from([[1.0, 5.0], [7.0, 7.0]]).argmax(.., true)?.shape(), [1, 1]);
    assert_eq!(Tensor::from([[1.0, 5.0], [0.0, -1.0]]).t()?.argmin(.., false)?.item()?, 3.0);
    assert!(matches!(Tensor::zeros([1, 2, 3]).argmax([0, 1], false), Err(TensorError::Argument { .. })));
    Ok(())
}

#[test]
fn negative_padding_takes_cells_away_and_their_gradient_is_zero() -> Result {
    let x = Tensor::from([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).with_grad()?;
    let padded = x.pad(&[[-1, 1], [1, -1]], 9.0)?;
    assert_eq!(numbers(&padded), [9.0, 9.0, 9.0, 2.0, 3.0, 9.0]);
    padded.square()?.sum(.., false)?.backward()?;
    assert_eq!(numbers(&x.grad().unwrap()), [0.0, 4.0, 6.0, 0.0, 0.0, 0.0]);
    for refused in [&[[-2, -2]][..], &[[0, 0], [0, 0], [-1, 0]]] {
        assert!(matches!(x.pad(refused, 0.0), Err(TensorError::Shapes { operation: "pad", .. })));
    }
    Ok(())
}

#[test]
fn other_kinds_can_be_moved_about() -> Result {
    let labels = Tensor::from([7, 1, 0]);
    let order = Tensor::from([2, 0]);
    assert_eq!(labels.index_select(0, &order)?.to_vec::<i64>()?, [0, 7]);
    assert_eq!(Tensor::cat(&[&labels, &order], 0)?.to_vec::<i64>()?, [7, 1, 0, 2, 0]);
    let pictures = Tensor::from([[[1_u8, 2], [3, 4]], [[5, 6], [7, 8]]]);
    assert_eq!(pictures.permute([2, 0, 1])?.get(0)?.contiguous()?.to_vec::<u8>()?, [1, 3, 5, 7]);
    assert_eq!(labels.one_hot(8)?.argmax(-1, false)?.to_vec::<i64>()?, [7, 1, 0]);
    let mixed = Tensor::cat(&[&labels, &Tensor::from([0.5]), &Tensor::from([true])], 0)?;
    assert_eq!(numbers(&mixed), [7.0, 1.0, 0.0, 0.5, 1.0]);
    let written = labels.scatter(0, &Tensor::from([2]), Tensor::from([5]))?;
    assert_eq!(written.to_vec::<i64>()?, [7, 1, 5]);
    let mask = labels.gt(0)?;
    assert_eq!(labels.where_(&mask, -1)?.to_vec::<i64>()?, [7, 1, -1]);
    assert_eq!(numbers(&labels.where_(&mask, 0.5)?), [7.0, 1.0, 0.5]);
    assert_eq!(mask.where_(&mask, Tensor::from(true))?.to_vec::<bool>()?, [true; 3]);
    Ok(())
}

#[test]
fn classes_are_whole_numbers_within_their_count() -> Result {
    let logs = Tensor::zeros([2, 3]).log_softmax(1)?;
    let refused = |target: Tensor| logs.nll_loss(&target).unwrap_err();
    assert!(matches!(refused(Tensor::from([0.0, 1.0])), TensorError::DType { received: DType::F32, .. }));
    assert_eq!(
        refused(Tensor::from([0, 3])),
        TensorError::Index { operation: "nll_loss", index: 3, size: 3 }
    );
    assert!(Tensor::from([-1]).one_hot(3).is_err());
    Ok(())
}

#[test]
fn whole_numbers_are_written_exactly() -> Result {
    let x = Tensor::from([0_i64, 0]);
    x.fill_(16_777_217.0)?;
    x.set(&[1], 16_777_219.0)?;
    assert_eq!(x.to_vec::<i64>()?, [16_777_217, 16_777_219]);
    Ok(())
}

#[test]
fn whole_numbers_are_compared_exactly() -> Result {
    let large = Tensor::from([16_777_217_i64, 5]);
    assert_eq!(large.eq(Tensor::from([16_777_216_i64, 5]))?.to_vec::<bool>()?, [false, true]);
    assert_eq!(large.gt(6)?.to_vec::<bool>()?, [true, false]);
    Ok(())
}

#[test]
fn a_nan_is_the_largest_and_comes_out_of_every_choice() -> Result {
    let x = Tensor::from([1.0, f64::NAN, 3.0]);
    assert_eq!(x.argmax(0, false)?.item()?, 1.0);
    for chosen in [x.amax(.., false)?, x.amin(.., false)?, x.maximum(2.0)?.get(1)?, x.minimum(2.0)?.get(1)?] {
        assert!(chosen.item()?.is_nan());
    }
    let (sorted, was) = x.sort(0, false)?;
    assert_eq!((sorted.get(0)?.item()?, was.to_vec::<i64>()?), (1.0, vec![0, 2, 1]));
    Ok(())
}

#[test]
fn the_largest_come_first_and_carry_their_gradients() -> Result {
    let x = Tensor::from([[3.0, 1.0, 2.0], [4.0, 6.0, 6.0]]).with_grad()?;
    let (largest, was) = x.topk(2, 1, true)?;
    assert_eq!(numbers(&largest), [3.0, 2.0, 6.0, 6.0]);
    assert_eq!(was.to_vec::<i64>()?, [0, 2, 1, 2]);
    largest.sum(.., false)?.backward()?;
    assert_eq!(numbers(&x.grad().unwrap()), [1.0, 0.0, 1.0, 0.0, 1.0, 1.0]);
    let (sorted, _) = x.detach().sort(0, true)?;
    assert_eq!(numbers(&sorted), [4.0, 6.0, 6.0, 3.0, 1.0, 2.0]);
    assert!(x.topk(4, 1, true).is_err());
    Ok(())
}

#[test]
fn empty_tensors_have_sums_but_no_largest() -> Result {
    let empty = Tensor::zeros([0, 3]);
    assert_eq!(empty.sum(.., false)?.item()?, 0.0);
    assert_eq!(numbers(&empty.sum(0, false)?), [0.0; 3]);
    assert!(empty.mean(.., false)?.item()?.is_nan());
    assert!(
        empty.amax(0, false).is_err() && empty.argmax(0, false).is_err() && empty.argmax(.., false).is_err()
    );
    assert_eq!(empty.amax(1, false)?.shape(), [0]);
    assert_eq!(empty.argmin(1, true)?.shape(), [0, 1]);
    assert_eq!(empty.sort(1, false)?.0.shape(), [0, 3]);
    assert_eq!(empty.topk(0, 1, true)?.1.shape(), [0, 0]);
    assert_eq!(empty.softmax(1)?.shape(), [0, 3]);
    assert_eq!(empty.softmax(0)?.shape(), [0, 3]);
    assert_eq!(empty.gather(1, &Tensor::zeros([0, 2]).to(DType::I64)?)?.shape(), [0, 2]);
    assert_eq!(Tensor::ones([3]).index_select(0, &Tensor::arange(0..0))?.shape(), [0]);
    assert_eq!(Tensor::cat(&[&Tensor::zeros([0]), &Tensor::ones([2, 2])], 1)?.shape(), [2, 2]);
    assert_eq!(Tensor::cat(&[&Tensor::zeros([0]), &Tensor::zeros([0])], 0)?.shape(), [0]);
    assert_eq!(empty.add(Tensor::ones([1, 3]))?.shape(), [0, 3]);
    assert_eq!(Tensor::zeros([2, 0, 3]).matmul(&Tensor::zeros([3, 4]))?.shape(), [2, 0, 4]);
    assert_eq!(numbers(&Tensor::zeros([1, 2, 0]).matmul(&Tensor::zeros([5, 0, 1]))?), [0.0; 10]);
    let learned = empty.with_grad()?;
    learned.square()?.sum(.., false)?.backward()?;
    let empty = learned.grad().unwrap();
    assert_eq!(empty.shape(), [0, 3]);
    assert_eq!(Tensor::zeros([2, 0]).matmul(&empty)?.shape(), [2, 3]);
    assert_eq!(Tensor::cat(&[&empty, &Tensor::ones([1, 3])], 0)?.shape(), [1, 3]);
    assert_eq!(empty.exp()?.transpose(0, 1)?.reshape([0])?.numel(), 0);
    Ok(())
}

#[test]
fn a_batch_may_be_empty_but_no_map() -> Result {
    let (none, weight) = (Tensor::zeros([0, 2, 4, 4]), Tensor::ones([3, 2, 3, 3]).with_grad()?);
    let window = Window { padding: [1, 1], ..Window::square(3) };
    let output = none.conv2d(&weight, Some(&Tensor::zeros([3])), window, 1)?;
    assert_eq!(output.shape(), [0, 3, 4, 4]);
    output.sum(.., false)?.backward()?;
    assert_eq!(numbers(&weight.grad().unwrap()), [0.0; 54]);
    for pooled in [none.max_pool2d(window)?, none.avg_pool2d(window)?, none.adaptive_avg_pool2d([4, 4])?] {
        assert_eq!(pooled.shape(), [0, 2, 4, 4]);
    }
    assert_eq!(Tensor::zeros([0, 5]).linear(&Tensor::zeros([3, 5]), None)?.shape(), [0, 3]);
    let empty = Tensor::zeros([1, 2, 0, 4]);
    let refused = [
        empty.conv2d(&weight, None, window, 1),
        empty.max_pool2d(window),
        empty.avg_pool2d(window),
        empty.adaptive_avg_pool2d([1, 1]),
    ];
    for result in refused {
        assert!(result.unwrap_err().to_string().contains("at least one cell"));
    }
    Ok(())
}

#[test]
fn ranges_and_spaces_end_where_they_should() -> Result {
    assert_eq!(numbers(&Tensor::linspace(0.0, 1.0, 5)), [0.0, 0.25, 0.5, 0.75, 1.0]);
    assert_eq!(numbers(&Tensor::linspace(3.0, 9.0, 1)), [3.0]);
    assert_eq!(numbers(&Tensor::arange_step(1.0, 2.0, 0.4)), [1.0, 1.4, 1.8]);
    assert_eq!(numbers(&Tensor::arange_step(2.0, 0.0, -1.0)), [2.0, 1.0]);
    assert_eq!(Tensor::arange_step(0.0, 1.0, 0.0).numel(), 0);
    assert_eq!(numbers(&Tensor::eye(2)), [1.0, 0.0, 0.0, 1.0]);
    let mut stream = Stream::new(3, Purpose::Eager, 0);
    let mean = Tensor::randn([10_000], &mut stream).mean(.., false)?.item()?;
    assert!(mean.abs() < 0.04, "four standard errors: {mean}");
    let (order, _) = Tensor::randperm(50, &mut stream).sort(0, false)?;
    assert_eq!(order.to_vec::<i64>()?, Tensor::arange(0..50).to_vec::<i64>()?);
    Ok(())
}

#[test]
fn scattered_elements_replace_or_add() -> Result {
    let index = Tensor::from([[0, 0, 1]]);
    let source = Tensor::from([[1.0, 2.0, 3.0]]);
    assert_eq!(numbers(&Tensor::zeros([1, 2]).scatter(1, &index, &source)?), [2.0, 3.0]);
    assert_eq!(numbers(&Tensor::ones([1, 2]).scatter_add(1, &index, &source)?), [4.0, 4.0]);
    // A source may be larger than the index.
    let first = Tensor::from([[1]]);
    assert_eq!(numbers(&Tensor::zeros([1, 2]).scatter(1, &first, &source)?), [0.0, 1.0]);
    assert_eq!(numbers(&Tensor::zeros([1, 2]).scatter_add(1, &first, &source)?), [0.0, 1.0]);
    assert!(Tensor::zeros([1, 2]).scatter(1, &index, Tensor::ones([1, 2])).is_err());
    assert_eq!(numbers(&source.index_select(1, &Tensor::from(2))?), [3.0]);
    Ok(())
}

#[test]
fn operators_read_as_arithmetic() -> Result {
    let (a, b) = (Tensor::from([1.0, 2.0]), Tensor::from([4.0, 8.0]));
    assert_eq!(numbers(&(((&a + &b)? * 2.0)? / 5)?), [2.0, 4.0]);
    let error = (&a - Tensor::zeros([3])).unwrap_err().to_string();
    assert!(error.contains("a [2]\n  b [3]\n     ^"), "{error}");
    Ok(())
}
