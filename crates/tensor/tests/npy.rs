//! NumPy's files, read and written.
#![cfg(feature = "npy")]
#![allow(missing_docs, reason = "tests are named for what they say")]

use tensor::npy::{self, NpyError};
use tensor::{DType, Tensor};

/// A file as NumPy writes it: the header's text filled up with spaces to a multiple of 64 bytes, and the elements.
fn file(descr: &str, fortran_order: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran_order = if fortran_order { "True" } else { "False" };
    let text = format!("{{'descr': '{descr}', 'fortran_order': {fortran_order}, 'shape': {shape}, }}");
    let len = (10 + text.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((len as u16).to_le_bytes());
    bytes.extend(format!("{text:<width$}\n", width = len - 1).as_bytes());
    bytes.extend(data);
    bytes
}

fn le<const N: usize>(numbers: &[[u8; N]]) -> Vec<u8> {
    numbers.concat()
}

#[test]
fn every_kind_that_numpy_writes_is_read_as_the_nearest_of_ours() {
    let cases: [(&str, Vec<u8>, DType); 9] = [
        ("<f4", le(&[1.5_f32.to_le_bytes(), (-2.0_f32).to_le_bytes()]), DType::F32),
        (">f4", le(&[1.5_f32.to_be_bytes(), (-2.0_f32).to_be_bytes()]), DType::F32),
        ("<f8", le(&[1.5_f64.to_le_bytes(), (-2.0_f64).to_le_bytes()]), DType::F32),
        ("<f2", vec![0x00, 0x3e, 0x00, 0xc0], DType::F16),
        ("<i8", le(&[7_i64.to_le_bytes(), (-2_i64).to_le_bytes()]), DType::I64),
        ("<i4", le(&[7_i32.to_le_bytes(), (-2_i32).to_le_bytes()]), DType::I64),
        ("<u2", le(&[7_u16.to_le_bytes(), 65_535_u16.to_le_bytes()]), DType::I64),
        ("|u1", vec![7, 255], DType::U8),
        ("|b1", vec![1, 0], DType::Bool),
    ];
    let expected = [[1.5, -2.0]; 4].into_iter().chain([[7.0, -2.0], [7.0, -2.0], [7.0, 65_535.0]]);
    let expected = expected.chain([[7.0, 255.0], [1.0, 0.0]]);
    for ((descr, data, dtype), expected) in cases.into_iter().zip(expected) {
        let tensor = npy::read(&file(descr, false, "(2,)", &data)).unwrap();
        assert_eq!((tensor.dtype(), tensor.shape()), (dtype, &[2][..]), "{descr}");
        assert_eq!([0, 1].map(|idx| tensor.get(idx).unwrap().item().unwrap()), expected, "{descr}");
    }
}

#[test]
fn columns_first_is_the_same_array_as_rows_first() {
    let rows = npy::read(&file("|u1", false, "(2, 3)", &[1, 2, 3, 4, 5, 6])).unwrap();
    let columns = npy::read(&file("|u1", true, "(2, 3)", &[1, 4, 2, 5, 3, 6])).unwrap();
    assert_eq!(columns.shape(), [2, 3]);
    assert_eq!(columns.to_vec::<u8>().unwrap(), rows.to_vec::<u8>().unwrap());
    let number = npy::read(&file("<f4", false, "()", &2.5_f32.to_le_bytes())).unwrap();
    assert_eq!((number.rank(), number.item().unwrap()), (0, 2.5));
    assert_eq!(npy::read(&file("<f4", false, "(0, 3)", &[])).unwrap().shape(), [0, 3]);
}

#[test]
fn what_is_written_begins_as_numpys_own_files_do() {
    let bytes = npy::write(&Tensor::from([[1.0, 2.0]]));
    let header = String::from_utf8_lossy(&bytes[10..]);
    assert!(header.starts_with("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2"), "{header}");
    assert_eq!(bytes.len() % 64, 8, "the numbers are aligned");
}

#[test]
fn all_kinds_survive_a_file_and_an_archive() {
    let kinds = [DType::F32, DType::F16, DType::I64, DType::U8, DType::Bool];
    let source = Tensor::from([[0, 1, 3], [1, 0, 200]]).t().unwrap();
    let tensors: Vec<_> =
        kinds.iter().map(|&kind| (format!("of {kind:?}"), source.to(kind).unwrap())).collect();
    let archive = npy::read_npz(&npy::write_npz(&tensors).unwrap()).unwrap();
    assert_eq!(archive.len(), tensors.len());
    for ((name, tensor), (expected_name, expected)) in archive.iter().zip(&tensors) {
        assert_eq!((name, tensor.dtype()), (expected_name, expected.dtype()));
        assert!(tensor.all_close(expected, 0.0, 0.0), "{name}");
    }
    let positions = Tensor::from_vec(vec![7_u32], [1]).unwrap();
    assert_eq!(npy::read(&npy::write(&positions)).unwrap().to_vec::<i64>().unwrap(), [7]);
}

#[test]
fn what_cannot_be_read_says_why() {
    let refused = |bytes: &[u8]| npy::read(bytes).unwrap_err();
    assert!(matches!(refused(b"nonsense"), NpyError::Format(_)));
    assert_eq!(
        refused(&file("<c8", false, "(1,)", &[0; 8])).to_string(),
        "the array holds '<c8', but float16, float32, float64, bool, uint8 to uint32 and int8 to int64 can be read; \
         convert it with astype"
    );
    let huge = refused(&file("<f4", false, "(1099511627776, 4096)", &[0; 8]));
    assert!(matches!(huge, NpyError::Length { received: 8, .. }), "{huge}");
    let whole = npy::write(&Tensor::from([[1.0, 2.0], [3.0, 4.0]]));
    for len in 0..whole.len() {
        assert!(npy::read(&whole[..len]).is_err(), "cut to {len} bytes");
    }
    assert!(matches!(npy::read_npz(&whole), Err(NpyError::Archive(_))));
    let archive = npy::write_npz(&[("x".to_owned(), Tensor::zeros([50]))]).unwrap();
    for len in 0..archive.len() {
        assert!(npy::read_npz(&archive[..len]).is_err(), "cut to {len} bytes");
    }
    let twice = [("x".to_owned(), Tensor::zeros([1])), ("x".to_owned(), Tensor::zeros([1]))];
    assert!(matches!(npy::write_npz(&twice), Err(NpyError::Archive(_))));
}
