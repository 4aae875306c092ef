//! IDX, the format of MNIST's files: four magic bytes, a big-endian count, for images their height and width, then one
//! byte a pixel or a label. Described at the foot of LeCun, Cortes and Burges's page "The MNIST database of handwritten
//! digits". Files may be gzipped.

use std::borrow::Cow;
use std::fmt;

use crate::{DataError, Images, N_CLASSES, N_PIXELS, SIDE};

/// The most that a file may decompress to; a small file can promise terabytes.
pub const MOST_BYTES: u64 = 256 << 20;

/// What an IDX file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Pictures, magic number 0x803.
    Images,
    /// Classes, magic number 0x801.
    Labels,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Images => "images",
            Self::Labels => "labels",
        })
    }
}

/// Reads pictures of 28×28 pixels; `name` is for messages.
///
/// ```
/// let mut bytes = vec![0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28];
/// bytes.extend([7; 784]);
/// assert_eq!(data::idx::read_images("one.idx", &bytes)?.get(0), [7; 784]);
/// # Ok::<(), data::DataError>(())
/// ```
///
/// # Errors
/// Where the file is not exactly such a file; each variant names the file and the numbers.
pub fn read_images(name: &str, bytes: &[u8]) -> Result<Images, DataError> {
    let bytes = decompress(name, bytes)?;
    let (n, body) = split_header(name, &bytes, Kind::Images)?;
    debug_assert_eq!(body.len(), n * N_PIXELS);
    Ok(Images::new(body.to_vec()))
}

/// Reads labels from 0 to 9; `name` is for messages.
///
/// # Errors
/// Where the file is not exactly such a file; each variant names the file and the numbers.
pub fn read_labels(name: &str, bytes: &[u8]) -> Result<Vec<u8>, DataError> {
    let bytes = decompress(name, bytes)?;
    let (_, body) = split_header(name, &bytes, Kind::Labels)?;
    if let Some(position) = body.iter().position(|&label| usize::from(label) >= N_CLASSES) {
        return Err(DataError::Label { name: name.into(), position, value: body[position] });
    }
    Ok(body.to_vec())
}

/// What a decompressed file says that it holds.
///
/// # Errors
/// Where its first four bytes are neither magic number.
pub fn kind(name: &str, bytes: &[u8]) -> Result<Kind, DataError> {
    match bytes {
        [] => Err(DataError::Empty { name: name.into() }),
        [0, 0, 8, 3, ..] => Ok(Kind::Images),
        [0, 0, 8, 1, ..] => Ok(Kind::Labels),
        _ => Err(DataError::NotIdx { name: name.into(), magic: bytes[..bytes.len().min(4)].to_vec() }),
    }
}

/// Whether a file starts as gzipped ones do.
pub fn is_gzipped(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}

/// A gzipped file's content, or the bytes as they are.
///
/// # Errors
/// Where the compressed data is damaged, or holds more than [`MOST_BYTES`]; any gzipped file without the feature `gzip`.
pub fn decompress<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, DataError> {
    if is_gzipped(bytes) { gunzip(name, bytes, MOST_BYTES).map(Cow::Owned) } else { Ok(Cow::Borrowed(bytes)) }
}

#[cfg(not(feature = "gzip"))]
fn gunzip(name: &str, _: &[u8], _: u64) -> Result<Vec<u8>, DataError> {
    Err(DataError::Gzip { name: name.into(), reason: "it was not decompressed on its way here".into() })
}

#[cfg(feature = "gzip")]
fn gunzip(name: &str, bytes: &[u8], limit_bytes: u64) -> Result<Vec<u8>, DataError> {
    use std::io::Read as _;

    let mut content = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(limit_bytes + 1)
        .read_to_end(&mut content)
        .map_err(|error| DataError::Gzip { name: name.into(), reason: error.to_string() })?;
    if content.len() as u64 > limit_bytes {
        return Err(DataError::TooLarge { name: name.into(), limit_bytes });
    }
    Ok(content)
}

// The count and what follows the header, which is exactly as long as the header says.
fn split_header<'a>(name: &str, bytes: &'a [u8], expected: Kind) -> Result<(usize, &'a [u8]), DataError> {
    let found = kind(name, bytes)?;
    if found != expected {
        return Err(DataError::WrongKind { name: name.into(), expected, found });
    }
    let (header_bytes, item_bytes) = match expected {
        Kind::Images => (16, N_PIXELS as u64),
        Kind::Labels => (8, 1),
    };
    if bytes.len() < header_bytes {
        let got_bytes = bytes.len();
        return Err(DataError::Header { name: name.into(), kind: expected, header_bytes, got_bytes });
    }
    let number = |at: usize| u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    if expected == Kind::Images && (number(8), number(12)) != (SIDE as u32, SIDE as u32) {
        return Err(DataError::ImageSize { name: name.into(), height: number(8), width: number(12) });
    }
    let n = number(4);
    if n == 0 {
        return Err(DataError::NoItems { name: name.into(), kind: expected });
    }
    // In 64 bits, because a browser's usize has 32 and the header may say anything.
    let expected_bytes = header_bytes as u64 + u64::from(n) * item_bytes;
    let got_bytes = bytes.len() as u64;
    if got_bytes < expected_bytes {
        return Err(DataError::Truncated { name: name.into(), kind: expected, n, expected_bytes, got_bytes });
    }
    if got_bytes > expected_bytes {
        return Err(DataError::Trailing { name: name.into(), kind: expected, n, expected_bytes, got_bytes });
    }
    Ok((n as usize, &bytes[header_bytes..]))
}

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn images(n: u32, height: u32, width: u32, n_bytes: usize) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3];
        bytes.extend([n, height, width].iter().flat_map(|number| number.to_be_bytes()));
        bytes.extend((0..n_bytes).map(|i| i as u8));
        bytes
    }

    fn labels(n: u32, values: &[u8]) -> Vec<u8> {
        [&[0, 0, 8, 1], &n.to_be_bytes()[..], values].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).expect("memory takes any bytes");
        encoder.finish().expect("memory takes any bytes")
    }

    #[test]
    fn a_gzipped_file_reads_as_the_same_file_plain() {
        let plain = images(3, 28, 28, 3 * N_PIXELS);
        let read = read_images("a", &plain).expect("it is well formed");
        assert_eq!(read.n(), 3);
        assert_eq!(read, Images::new(plain[16..].to_vec()));
        assert_eq!(read_images("a.gz", &gzip(&plain)), Ok(read));
        assert_eq!(read_labels("b.gz", &gzip(&labels(3, &[0, 9, 4]))), Ok(vec![0, 9, 4]));
    }

    #[test]
    fn a_file_cut_anywhere_is_an_error_and_not_a_panic() {
        let whole = images(2, 28, 28, 2 * N_PIXELS);
        let compressed = gzip(&whole);
        for cut in 0..whole.len() {
            assert!(read_images("a", &whole[..cut]).is_err(), "cut after {cut}");
        }
        for cut in 0..compressed.len() {
            assert!(read_images("a", &compressed[..cut]).is_err(), "compressed, cut after {cut}");
        }
    }

    #[test]
    fn a_cut_file_says_what_is_missing() {
        let error = read_images("train", &images(60_000, 28, 28, 1_000)).unwrap_err();
        let expected_bytes = 47_040_016;
        let (kind, n) = (Kind::Images, 60_000);
        assert_eq!(
            error,
            DataError::Truncated { name: "train".into(), kind, n, expected_bytes, got_bytes: 1_016 }
        );
        let text = error.to_string();
        assert!(
            ["train", "60000 images", "47040016", "1016"].iter().all(|part| text.contains(part)),
            "{text}"
        );
        let error = read_labels("l", &[0, 0, 8, 1, 0]).unwrap_err();
        let kind = Kind::Labels;
        assert_eq!(error, DataError::Header { name: "l".into(), kind, header_bytes: 8, got_bytes: 5 });
    }

    #[test]
    fn a_header_that_promises_everything_allocates_nothing() {
        let error = read_images("a", &images(u32::MAX, 28, 28, 10)).unwrap_err();
        let expected_bytes = 16 + u64::from(u32::MAX) * 784;
        assert!(
            matches!(error, DataError::Truncated { expected_bytes: e, .. } if e == expected_bytes),
            "{error}"
        );
    }

    #[test]
    fn bytes_after_the_end_are_an_error() {
        let error = read_labels("l", &labels(2, &[1, 2, 3])).unwrap_err();
        let (kind, n) = (Kind::Labels, 2);
        assert_eq!(
            error,
            DataError::Trailing { name: "l".into(), kind, n, expected_bytes: 10, got_bytes: 11 }
        );
    }

    #[test]
    fn the_other_kind_of_file_is_named() {
        let error = read_images("l", &labels(1, &[3])).unwrap_err();
        assert_eq!(error.to_string(), "l holds labels, but images are expected here");
        let error = read_labels("i", &images(1, 28, 28, N_PIXELS)).unwrap_err();
        assert_eq!(error.to_string(), "i holds images, but labels are expected here");
    }

    #[test]
    fn another_format_is_shown_by_its_first_bytes() {
        let error = read_images("a.png", b"\x89PNG\r\n").unwrap_err();
        assert_eq!(error, DataError::NotIdx { name: "a.png".into(), magic: b"\x89PNG".to_vec() });
        assert!(error.to_string().contains("[89, 50, 4e, 47]"), "{error}");
        // Floats rather than bytes.
        assert!(matches!(read_images("f", &[0, 0, 0x0d, 3, 0, 0, 0, 1]), Err(DataError::NotIdx { .. })));
        assert!(matches!(read_labels("s", &[0]), Err(DataError::NotIdx { .. })));
    }

    #[test]
    fn broken_gzip_is_an_error_of_its_own() {
        let mut bytes = gzip(&labels(100, &[5; 100]));
        let checksum = bytes.len() - 8;
        bytes[checksum] ^= 1;
        assert!(matches!(read_labels("l.gz", &bytes), Err(DataError::Gzip { .. })));
        assert!(matches!(read_labels("l.gz", &[0x1f, 0x8b]), Err(DataError::Gzip { .. })));
    }

    #[test]
    fn decompression_stops_at_the_limit() {
        let bytes = gzip(&[0; 1_000]);
        assert!(gunzip("a", &bytes, 1_000).is_ok());
        let error = gunzip("a", &bytes, 999).unwrap_err();
        assert_eq!(error, DataError::TooLarge { name: "a".into(), limit_bytes: 999 });
    }

    #[test]
    fn a_label_over_nine_is_shown_with_its_position() {
        let error = read_labels("l", &labels(3, &[9, 0, 10])).unwrap_err();
        assert_eq!(error, DataError::Label { name: "l".into(), position: 2, value: 10 });
    }

    #[test]
    fn pictures_of_another_size_are_refused() {
        let error = read_images("cifar", &images(1, 32, 28, 32 * 28)).unwrap_err();
        assert_eq!(error, DataError::ImageSize { name: "cifar".into(), height: 32, width: 28 });
    }

    #[test]
    fn nothing_at_all_and_nothing_announced_are_told_apart() {
        assert_eq!(read_images("a", &[]), Err(DataError::Empty { name: "a".into() }));
        assert_eq!(read_images("a", &gzip(&[])), Err(DataError::Empty { name: "a".into() }));
        let error = read_labels("l", &labels(0, &[])).unwrap_err();
        assert_eq!(error, DataError::NoItems { name: "l".into(), kind: Kind::Labels });
    }
}
