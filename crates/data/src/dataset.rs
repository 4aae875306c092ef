//! A data set: labelled pictures to learn from and others for the final test.

use crate::idx::{self, Kind};
use crate::mnist::{self, Claim};
use crate::{DataError, Images};

/// Pictures and what they show, one label each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelledImages {
    /// The pictures.
    pub images: Images,
    /// The digit that each shows, 0 to 9.
    pub labels: Vec<u8>,
}

/// A data set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// What it is: "MNIST", "generated digits", or the files' names.
    pub name: String,
    /// Where it came from, in a sentence.
    pub origin: String,
    /// Whether the files are MNIST byte for byte (by SHA-256).
    pub verified_mnist: bool,
    /// What to learn from, before a part of it is held back for validation.
    pub training: LabelledImages,
    /// For the final test.
    pub test: LabelledImages,
}

impl Dataset {
    /// Puts a data set together from four IDX files, gzipped or not, in any order. Their headers tell images from
    /// labels; "train" against "t10k" or "test" in the names tells training from test, and where the names do not say,
    /// the larger pair is for training.
    ///
    /// # Errors
    /// Where a file is damaged, the four do not belong together, or they claim to be MNIST and are not.
    pub fn from_files(
        files: Vec<(String, Vec<u8>)>,
        origin: impl Into<String>,
        claim: Claim,
    ) -> Result<Self, DataError> {
        let names = files.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
        let mut images = Vec::new();
        let mut labels = Vec::new();
        // One file at a time, so that only one is held both compressed and decompressed.
        for (name, bytes) in files {
            let bytes = idx::decompress(&name, &bytes)?;
            match idx::kind(&name, &bytes)? {
                Kind::Images => {
                    let content = idx::read_images(&name, &bytes)?;
                    images.push(File { n: content.n(), sum: mnist::sha256(&bytes), name, content });
                }
                Kind::Labels => {
                    let content = idx::read_labels(&name, &bytes)?;
                    labels.push(File { n: content.len(), sum: mnist::sha256(&bytes), name, content });
                }
            }
        }
        let wrong =
            DataError::FourFiles { n_images: images.len(), n_labels: labels.len(), names: names.clone() };
        let (Ok(images), Ok(labels)) = (<[_; 2]>::try_from(images), <[_; 2]>::try_from(labels)) else {
            return Err(wrong);
        };
        let [training_images, test_images] = training_first(images, Kind::Images)?;
        let [training_labels, test_labels] = training_first(labels, Kind::Labels)?;
        let verified_mnist = mnist::verify(
            claim,
            [
                (&training_images.name, &training_images.sum),
                (&training_labels.name, &training_labels.sum),
                (&test_images.name, &test_images.sum),
                (&test_labels.name, &test_labels.sum),
            ],
        )?;
        Ok(Self {
            name: if verified_mnist { "MNIST".into() } else { names },
            origin: origin.into(),
            verified_mnist,
            training: pair(training_images, training_labels)?,
            test: pair(test_images, test_labels)?,
        })
    }
}

struct File<T> {
    name: String,
    sum: String,
    n: usize,
    content: T,
}

fn training_first<T>([first, second]: [File<T>; 2], kind: Kind) -> Result<[File<T>; 2], DataError> {
    let first_is_training = match (role(&first.name), role(&second.name)) {
        (Some(a), Some(b)) if a != b => a == Role::Training,
        (Some(a), None) => a == Role::Training,
        (None, Some(b)) => b == Role::Test,
        _ if first.n != second.n => first.n > second.n,
        _ => {
            return Err(DataError::Ambiguous { n: first.n, first: first.name, second: second.name, kind });
        }
    };
    Ok(if first_is_training { [first, second] } else { [second, first] })
}

#[derive(PartialEq, Eq)]
enum Role {
    Training,
    Test,
}

fn role(name: &str) -> Option<Role> {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let test = file.contains("t10k") || file.contains("test");
    match (file.contains("train"), test) {
        (true, false) => Some(Role::Training),
        (false, true) => Some(Role::Test),
        _ => None,
    }
}

fn pair(images: File<Images>, labels: File<Vec<u8>>) -> Result<LabelledImages, DataError> {
    if images.n != labels.n {
        return Err(DataError::Counts {
            images_name: images.name,
            n_images: images.n,
            labels_name: labels.name,
            n_labels: labels.n,
        });
    }
    Ok(LabelledImages { images: images.content, labels: labels.content })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::N_PIXELS;

    const USUAL: [&str; 4] = [
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ];

    // Pictures filled with `ink`, so that it shows which file they came from.
    fn images(n: u32, ink: u8) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, 3];
        bytes.extend([n, 28, 28].iter().flat_map(|number| number.to_be_bytes()));
        bytes.extend(vec![ink; n as usize * N_PIXELS]);
        bytes
    }

    fn labels(n: u32, label: u8) -> Vec<u8> {
        [&[0, 0, 8, 1], &n.to_be_bytes()[..], &vec![label; n as usize]].concat()
    }

    fn assemble(names: [&str; 4], n: [u32; 4], order: [usize; 4]) -> Result<Dataset, DataError> {
        let contents = [images(n[0], 100), labels(n[1], 1), images(n[2], 200), labels(n[3], 2)];
        let files = order.map(|i| (names[i].to_owned(), contents[i].clone()));
        Dataset::from_files(files.to_vec(), "dropped here", Claim::Nothing)
    }

    fn is_in_its_place(dataset: &Dataset, n_training: usize, n_test: usize) -> bool {
        dataset.training.images == Images::new(vec![100; n_training * N_PIXELS])
            && dataset.training.labels == vec![1; n_training]
            && dataset.test.images == Images::new(vec![200; n_test * N_PIXELS])
            && dataset.test.labels == vec![2; n_test]
    }

    #[test]
    fn files_are_told_apart_in_any_order() {
        for code in 0..256 {
            let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6];
            if (0..4).all(|i| order.contains(&i)) {
                let dataset = assemble(USUAL, [3, 3, 2, 2], order).expect("they belong together");
                assert!(is_in_its_place(&dataset, 3, 2), "{order:?}");
                assert!(!dataset.verified_mnist);
                assert_eq!(dataset.origin, "dropped here");
            }
        }
    }

    #[test]
    fn names_decide_even_where_the_test_set_is_larger() {
        let dataset = assemble(USUAL, [2, 2, 5, 5], [0, 1, 2, 3]).expect("they belong together");
        assert!(is_in_its_place(&dataset, 2, 5));
        // One name that says its part is enough, and folders say nothing.
        let names = ["a", "train/b", "TEST.images", "train/test-labels"];
        let dataset = assemble(names, [2, 2, 5, 5], [2, 3, 0, 1]).expect("they belong together");
        assert!(is_in_its_place(&dataset, 2, 5));
    }

    #[test]
    fn the_larger_pair_is_for_training_where_names_do_not_say() {
        for order in [[0, 1, 2, 3], [2, 3, 0, 1], [3, 0, 1, 2]] {
            let dataset = assemble(["a", "b", "c", "d"], [7, 7, 4, 4], order).expect("they belong together");
            assert!(is_in_its_place(&dataset, 7, 4), "{order:?}");
        }
    }

    #[test]
    fn equal_pairs_without_telling_names_are_ambiguous() {
        let error = assemble(["a", "b", "c", "d"], [4; 4], [0, 1, 2, 3]).unwrap_err();
        let (first, second) = ("a".into(), "c".into());
        assert_eq!(error, DataError::Ambiguous { first, second, kind: Kind::Images, n: 4 });
        assert!(assemble(USUAL, [4; 4], [0, 1, 2, 3]).is_ok());
    }

    #[test]
    fn counts_that_disagree_name_both_files() {
        let error = assemble(USUAL, [5, 4, 2, 2], [0, 1, 2, 3]).unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, DataError::Counts { n_images: 5, n_labels: 4, .. }), "{text}");
        assert!(text.contains(USUAL[0]) && text.contains(USUAL[1]), "{text}");
    }

    #[test]
    fn fewer_or_other_than_four_files_are_refused() {
        let files = vec![("a".to_owned(), images(1, 0)), ("b".to_owned(), labels(1, 0))];
        let error = Dataset::from_files(files.clone(), "", Claim::Nothing).unwrap_err();
        assert_eq!(error, DataError::FourFiles { n_images: 1, n_labels: 1, names: "a, b".into() });
        let three = [files.clone(), files.clone(), files].concat();
        assert!(matches!(Dataset::from_files(three, "", Claim::Nothing), Err(DataError::FourFiles { .. })));
        assert!(matches!(Dataset::from_files(vec![], "", Claim::Nothing), Err(DataError::FourFiles { .. })));
    }

    #[test]
    fn files_that_claim_to_be_mnist_must_be() {
        let contents = [images(2, 0), labels(2, 0), images(1, 0), labels(1, 0)];
        let files = USUAL.iter().map(|name| (*name).to_owned()).zip(contents).collect();
        let error = Dataset::from_files(files, "", Claim::Mnist).unwrap_err();
        assert!(matches!(&error, DataError::NotMnist { name, .. } if name == USUAL[0]), "{error}");
    }
}
