use crate::idx::Kind;

/// Why data cannot be used, in words that say what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// Nothing in the file.
    #[error("{name} is empty")]
    Empty {
        /// The file.
        name: String,
    },
    /// Compressed data that does not decompress.
    #[error("{name} starts like a gzip file but cannot be decompressed ({reason}); download it again")]
    Gzip {
        /// The file.
        name: String,
        /// The decompressor's words.
        reason: String,
    },
    /// More data than any file of digits has.
    #[error(
        "{name} decompresses to more than {limit_bytes} bytes; MNIST's largest file has 47,040,016, so this is not it"
    )]
    TooLarge {
        /// The file.
        name: String,
        /// The most that is accepted.
        limit_bytes: u64,
    },
    /// Not an IDX file of bytes at all.
    #[error(
        "{name} is not an IDX file of images or labels: it starts with the bytes {magic:02x?}, but images start with \
         [00, 00, 08, 03] and labels with [00, 00, 08, 01]"
    )]
    NotIdx {
        /// The file.
        name: String,
        /// Its first bytes, at most four.
        magic: Vec<u8>,
    },
    /// One kind of IDX file in the place of another.
    #[error("{name} holds {found}, but {expected} are expected here")]
    WrongKind {
        /// The file.
        name: String,
        /// What belongs here.
        expected: Kind,
        /// What the file's first bytes say.
        found: Kind,
    },
    /// The header itself is cut off.
    #[error(
        "{name} ends inside its header: it has {got_bytes} bytes, but {kind} need a header of {header_bytes}"
    )]
    Header {
        /// The file.
        name: String,
        /// What it holds.
        kind: Kind,
        /// The header's size.
        header_bytes: usize,
        /// The file's size, decompressed.
        got_bytes: usize,
    },
    /// Fewer bytes than the header promises.
    #[error(
        "{name} is cut off: its header announces {n} {kind}, which take {expected_bytes} bytes, but it has {got_bytes}; \
         download it again"
    )]
    Truncated {
        /// The file.
        name: String,
        /// What it holds.
        kind: Kind,
        /// How many its header announces.
        n: u32,
        /// The size that this takes.
        expected_bytes: u64,
        /// The file's size, decompressed.
        got_bytes: u64,
    },
    /// More bytes than the header promises.
    #[error(
        "{name} goes on after its end: its header announces {n} {kind}, which take {expected_bytes} bytes, but it has \
         {got_bytes}"
    )]
    Trailing {
        /// The file.
        name: String,
        /// What it holds.
        kind: Kind,
        /// How many its header announces.
        n: u32,
        /// The size that this takes.
        expected_bytes: u64,
        /// The file's size, decompressed.
        got_bytes: u64,
    },
    /// Pictures of another size.
    #[error("{name} holds pictures of {height}×{width} pixels, but these networks take 28×28")]
    ImageSize {
        /// The file.
        name: String,
        /// Rows.
        height: u32,
        /// Columns.
        width: u32,
    },
    /// A file of no pictures or no labels.
    #[error("{name} announces 0 {kind}; there is nothing to learn from")]
    NoItems {
        /// The file.
        name: String,
        /// What it holds.
        kind: Kind,
    },
    /// A label that is no digit.
    #[error("{name} has the label {value} at position {position}, but labels are digits from 0 to 9")]
    Label {
        /// The file.
        name: String,
        /// Counted from 0.
        position: usize,
        /// As given.
        value: u8,
    },
    /// Pictures and labels that do not belong together.
    #[error(
        "{images_name} holds {n_images} images but {labels_name} holds {n_labels} labels; every image needs one"
    )]
    Counts {
        /// The file of images.
        images_name: String,
        /// How many it holds.
        n_images: usize,
        /// The file of labels.
        labels_name: String,
        /// How many it holds.
        n_labels: usize,
    },
    /// Not two files of images and two of labels.
    #[error(
        "a data set is four files, training images and labels and test images and labels; here are {n_images} of images \
         and {n_labels} of labels ({names})"
    )]
    FourFiles {
        /// Files of images.
        n_images: usize,
        /// Files of labels.
        n_labels: usize,
        /// All files.
        names: String,
    },
    /// Two files of the same kind that nothing tells apart.
    #[error(
        "{first} and {second} both hold {n} {kind}, and their names do not say which is for training; put \"train\" \
         into one name and \"test\" into the other"
    )]
    Ambiguous {
        /// A file.
        first: String,
        /// The other.
        second: String,
        /// What both hold.
        kind: Kind,
        /// How many in each.
        n: usize,
    },
    /// A file that should be MNIST's and is not.
    #[error("{name} is not MNIST's: its SHA-256 sum is {got}, but MNIST's is {expected}; try another mirror")]
    NotMnist {
        /// The file.
        name: String,
        /// MNIST's sum, in hexadecimal.
        expected: String,
        /// The file's, decompressed.
        got: String,
    },
    /// A drawing that is no square.
    #[error("a drawing of {side}×{side} pixels needs {} bytes, but {n_pixels} were given", side.saturating_mul(*side))]
    Drawing {
        /// As given.
        side: usize,
        /// As given.
        n_pixels: usize,
    },
}
