//! IDX, the format of MNIST's files: four magic bytes, a big-endian count, for images their height and width, then one
//! byte a pixel or a label. Described at the foot of LeCun, Cortes and Burges's page "The MNIST database of handwritten
//! digits". Files may be gzipped.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use flate2::read::MultiGzDecoder;

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

/// A gzipped file's content, or the bytes as they are.
///
/// # Errors
/// Where the compressed data is damaged, or holds more than [`MOST_BYTES`].
pub fn decompress<'a>(name: &str, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>, DataError> {
    decompress_at_most(name, bytes, MOST_BYTES)
}

fn decompress_at_most<'a>(name: &str, bytes: &'a [u8], limit_bytes: u64) -> Result<Cow<'a, [u8]>, DataError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut content = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(limit_bytes + 1)
        .read_to_end(&mut content)
        .map_err(|error| DataError::Gzip { name: name.into(), reason: error.to_string() })?;
    if content.len() as u64 > limit_bytes {
        return Err(DataError::TooLarge { name: name.into(), limit_bytes });
    }
    Ok(Cow::Owned(content))
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
