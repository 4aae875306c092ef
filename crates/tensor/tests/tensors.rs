//! Storage, kinds, indexing and errors, case by case.
#![allow(missing_docs, reason = "tests are named for what they say")]

use tensor::random::{Purpose, Stream};
use tensor::{DType, Tensor, TensorError};

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
    let error = Tensor::from([true, false]).add(1.0).unwrap_err();
    assert!(matches!(
        error,
        TensorError::DType { operation: "add", input_idx: 0, received: DType::Bool, .. }
    ));
    let learned = x.with_grad()?;
    assert!(matches!(learned.to(DType::F16), Err(TensorError::NoGradient { .. })));
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
    assert_eq!(shown(bytes.add(10)?), integer(DType::U8, [4.0, 13.0]));
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
    assert!(matches!(Tensor::cat(&[&labels, &Tensor::zeros([1])], 0), Err(TensorError::DType { .. })));
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
    assert!(empty.amax(0, false).is_err());
    assert_eq!(Tensor::zeros([2, 0]).matmul(&empty)?.shape(), [2, 3]);
    assert_eq!(Tensor::cat(&[&empty, &Tensor::ones([1, 3])], 0)?.shape(), [1, 3]);
    assert_eq!(empty.exp()?.transpose(0, 1)?.reshape([0])?.numel(), 0);
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
