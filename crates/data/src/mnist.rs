//! MNIST's files: their names, where they are to be had, and the sums by which they are known.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::DataError;

/// One of MNIST's four files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MnistFile {
    /// Its name, compressed.
    pub name: &'static str,
    /// The SHA-256 sum of its decompressed content, in hexadecimal.
    pub sha256: &'static str,
    /// Its compressed size in the usual distribution, for progress bars only: the same content may be compressed
    /// otherwise.
    pub usual_bytes: Option<u64>,
}

/// The four files: training images and labels, test images and labels.
pub const FILES: [MnistFile; 4] = [
    MnistFile {
        name: "train-images-idx3-ubyte.gz",
        sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
        usual_bytes: Some(9_912_422),
    },
    MnistFile {
        name: "train-labels-idx1-ubyte.gz",
        sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        usual_bytes: Some(28_881),
    },
    MnistFile {
        name: "t10k-images-idx3-ubyte.gz",
        sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
        usual_bytes: Some(1_648_877),
    },
    MnistFile {
        name: "t10k-labels-idx1-ubyte.gz",
        sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
        usual_bytes: Some(4_542),
    },
];

/// Public copies; a file's address is a mirror's followed by its name.
pub const MIRRORS: [&str; 2] =
    ["https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"];

/// What is said of files before they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// They are MNIST's: one that is not is an error.
    Mnist,
    /// Nothing: whether they are MNIST's is found out.
    Nothing,
}

/// The SHA-256 sum of bytes, in hexadecimal.
///
/// ```
/// assert!(data::mnist::sha256(b"abc").starts_with("ba7816bf"));
/// ```
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether four files, given as (name, sum) in the order of [`FILES`], are MNIST's.
///
/// # Errors
/// Where they claim to be and one is not.
pub fn verify(claim: Claim, files: [(&str, &str); 4]) -> Result<bool, DataError> {
    for (expected, (name, got)) in FILES.iter().zip(files) {
        if got == expected.sha256 {
            continue;
        }
        return match claim {
            Claim::Nothing => Ok(false),
            Claim::Mnist => Err(DataError::NotMnist {
                name: name.into(),
                expected: expected.sha256.into(),
                got: got.into(),
            }),
        };
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn genuine() -> [(&'static str, &'static str); 4] {
        FILES.map(|file| (file.name, file.sha256))
    }

    #[test]
    fn four_right_sums_are_mnist_whatever_is_claimed() {
        assert_eq!(verify(Claim::Mnist, genuine()), Ok(true));
        assert_eq!(verify(Claim::Nothing, genuine()), Ok(true));
    }

    #[test]
    fn one_wrong_sum_is_an_error_only_where_mnist_is_claimed() {
        for wrong in 0..4 {
            let mut files = genuine();
            files[wrong].1 = "00";
            assert_eq!(verify(Claim::Nothing, files), Ok(false));
            let error = verify(Claim::Mnist, files).unwrap_err();
            assert!(
                matches!(&error, DataError::NotMnist { name, .. } if name == FILES[wrong].name),
                "{error}"
            );
        }
    }

    #[test]
    fn training_files_in_the_place_of_test_files_are_not_mnist() {
        let [a, b, c, d] = genuine();
        assert_eq!(verify(Claim::Nothing, [c, d, a, b]), Ok(false));
    }

    #[test]
    fn sums_are_sixty_four_hexadecimal_digits() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert!(FILES.iter().all(|file| file.sha256.len() == sha256(b"").len()));
    }
}
