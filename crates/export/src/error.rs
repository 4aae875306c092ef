/// Why a network cannot be exported.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ExportError {
    /// Weights that are another network's.
    #[error("the network has {expected} numbers in its parameters' buffer, but {received} were given")]
    Parameters {
        /// The length of the network's flat buffer.
        expected: usize,
        /// The length of what was given.
        received: usize,
    },
    /// A weight that no other program should be given.
    #[error("{name} holds {value} at position {position}; only finite weights can be exported")]
    NotFinite {
        /// The parameter's name.
        name: String,
        /// The first such number.
        value: f32,
        /// Where.
        position: usize,
    },
    /// A warm-up that PyTorch has no way to put before the schedule.
    #[error("PyTorch's {schedule} rises by itself and cannot follow a warm-up; set the warm-up to 0 epochs")]
    WarmUp {
        /// The schedule's name.
        schedule: &'static str,
    },
    /// A network that the script's data do not fit.
    #[error(
        "the PyTorch script trains on MNIST, 10 classes of [1, 28, 28], but the network tells {n_classes} classes of \
         {input:?} apart"
    )]
    NotMnist {
        /// The network's input.
        input: [usize; 3],
        /// The network's classes.
        n_classes: usize,
    },
}
