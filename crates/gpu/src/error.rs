use tensor::TensorError;

/// Why something could not run on the GPU.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
    /// There is no GPU to be had.
    #[error("no GPU is available here: {message}")]
    NoAdapter {
        /// What the system said.
        message: String,
    },
    /// There is a GPU, but it could not be opened.
    #[error("the GPU {adapter} could not be opened: {message}")]
    NoDevice {
        /// Its name.
        adapter: String,
        /// What the system said.
        message: String,
    },
    /// The GPU is gone: reset by the system, unplugged, or closed. Build a new device and start from a checkpoint.
    #[error("the GPU was lost: {message}")]
    Lost {
        /// What the system said.
        message: String,
    },
    /// The GPU refused something; a bug of ours, or too little memory.
    #[error("the GPU refused a command: {message}")]
    Refused {
        /// What the system said.
        message: String,
    },
    /// More than this GPU can take.
    #[error(
        "{what} needs {needed}, but this GPU allows {allowed}; a smaller batch or fewer channels may fit"
    )]
    Limit {
        /// What is too large.
        what: String,
        /// How much of it there would be.
        needed: u64,
        /// How much there may be.
        allowed: u64,
    },
    /// An operation that no kernel computes.
    #[error("the GPU cannot run {kernel}: {reason}")]
    Unsupported {
        /// The kernel's name.
        kernel: &'static str,
        /// What is in the way.
        reason: String,
    },
    /// A shader whose constants are not those that its row in the table sets.
    #[error("the shader's constant {constant} {problem}")]
    Constant {
        /// The constant's name.
        constant: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A length or a name that does not fit the plan.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// A plan for other parameters than the executor's.
    #[error("the plan lays out its parameters otherwise than the executor it is added to")]
    Layout,
    /// One of the optimiser's states that the executor does not have.
    #[error("the plan uses state {state_idx}, but the executor was made for {n_states}")]
    NoState {
        /// The state's position.
        state_idx: usize,
        /// How many there are.
        n_states: usize,
    },
    /// A plan that was never added.
    #[error("there is no plan {plan_idx}; the executor has {n_plans}")]
    NoPlan {
        /// As given.
        plan_idx: usize,
        /// How many there are.
        n_plans: usize,
    },
    /// More reads at once than there are buffers to read through.
    #[error("too many reads of {what} are under way; await one first")]
    Busy {
        /// What is being read.
        what: &'static str,
    },
    /// More recorded steps than there is room for.
    #[error("{capacity} steps are recorded already; take them first")]
    RecordFull {
        /// How many steps fit.
        capacity: usize,
    },
}
