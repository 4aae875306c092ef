use crate::layers::{Linear, Pair};
use crate::model::{LayerSpec, ModelSpec};

/// Why a layer does not fit, in words that say what to change.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum GeometryError {
    /// The input itself has a size of zero.
    #[error("the input {input:?} needs sizes between 1 and 65,536")]
    Input {
        /// `[channels, height, width]` as given.
        input: [usize; 3],
    },
    /// An argument that has to be at least one.
    #[error("{argument} is 0, but must be at least 1")]
    Zero {
        /// The argument's name.
        argument: &'static str,
    },
    /// An argument beyond what makes sense.
    #[error("{argument} is {value}, but may be at most {most}")]
    Huge {
        /// The argument's name.
        argument: &'static str,
        /// As given.
        value: usize,
        /// The largest allowed.
        most: usize,
    },
    /// A number outside its range.
    #[error("{argument} is {value}, but must be {}", range(*least, *most))]
    Number {
        /// The argument's name.
        argument: &'static str,
        /// As given.
        value: f32,
        /// The least allowed.
        least: f32,
        /// The most allowed.
        most: f32,
    },
    /// A residual block that does not begin before its end.
    #[error("from is {from}, but must be the position of a layer before this one, layer {layer_idx}")]
    From {
        /// As given.
        from: usize,
        /// The layer itself.
        layer_idx: usize,
        /// What would mend it.
        repair: Repair,
    },
    /// Two shapes that cannot be added.
    #[error("Residual adds what layer {from} receives, {added:?}, to {to:?}; the block must keep the shape")]
    Residual {
        /// The block's first layer.
        from: usize,
        /// What is added.
        added: Vec<usize>,
        /// To what.
        to: Vec<usize>,
        /// What would mend it.
        repair: Repair,
    },
    /// Batch normalisation of a single value by itself.
    #[error(
        "without running statistics a single picture is normalised by itself, which needs more than one value per \
         channel; set track_running_stats"
    )]
    OwnStatistics,
    /// More numbers than a browser should hold.
    #[error(
        "this would need {numbers} numbers, more than the {} that fit here; make it smaller",
        super::MOST_NUMBERS
    )]
    TooLarge {
        /// How many it would be.
        numbers: usize,
    },
    /// Channels that the groups do not divide.
    #[error(
        "groups {groups} must divide both the {in_channels} channels that come in and the {out_channels} that go out"
    )]
    Groups {
        /// As given.
        groups: usize,
        /// Channels of the input.
        in_channels: usize,
        /// Channels of the output.
        out_channels: usize,
    },
    /// A window larger than the padded input.
    #[error(
        "the window covers {}×{} cells (dilation·(kernel − 1) + 1), but the padded input has only {}×{}",
        dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1,
        input[0] + 2 * padding[0], input[1] + 2 * padding[1]
    )]
    Window {
        /// Height and width that come in.
        input: [usize; 2],
        /// The kernel's height and width.
        kernel: [usize; 2],
        /// Padding on each side.
        padding: [usize; 2],
        /// Cells between taps.
        dilation: [usize; 2],
        /// What would mend it.
        repair: Repair,
    },
    /// Pooling padded by more than half its window.
    #[error("padding {padding} may be at most half the kernel_size {kernel_size}")]
    PoolPadding {
        /// As given.
        padding: Pair,
        /// As given.
        kernel_size: Pair,
    },
    /// A layer of maps after features.
    #[error("{layer} expects maps [channels, height, width] but receives {shape:?}; move it before Flatten")]
    NeedsMaps {
        /// The layer's type.
        layer: &'static str,
        /// What it receives.
        shape: Vec<usize>,
    },
    /// A layer of features after maps.
    #[error("{layer} expects features but receives maps {shape:?}; insert Flatten ({features}) before it")]
    NeedsFeatures {
        /// The layer's type.
        layer: &'static str,
        /// What it receives.
        shape: Vec<usize>,
        /// What Flatten would make of it.
        features: usize,
    },
    /// A network that does not end with one logit per class.
    #[error("the network must end with {n_classes} logits, one per class, but ends with {shape:?}")]
    Ending {
        /// What it ends with.
        shape: Vec<usize>,
        /// How many classes there are.
        n_classes: usize,
        /// What would mend it.
        repair: Repair,
    },
}

/// A change to a network that mends an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Put Flatten before the layer.
    InsertFlatten,
    /// Take the layer out.
    Remove,
    /// Give the convolution this padding.
    Padding {
        /// Height and width.
        padding: [usize; 2],
    },
    /// Give the pooling this window.
    KernelSize {
        /// Height and width.
        kernel_size: [usize; 2],
    },
    /// Give the pooling no padding.
    NoPadding,
    /// Give the convolution one group.
    OneGroup,
    /// Begin the residual block at this layer.
    From {
        /// Its position.
        from: usize,
    },
    /// Give the normalisation running statistics.
    TrackRunningStats,
    /// Give a linear layer another number of features.
    OutFeatures {
        /// The linear layer.
        layer_idx: usize,
        /// How many.
        out_features: usize,
    },
    /// Flatten at the end.
    AppendFlatten,
    /// A linear classifier at the end, after Flatten where it needs one.
    AppendClassifier {
        /// Whether Flatten goes before it.
        flatten: bool,
        /// How many classes.
        out_features: usize,
    },
}

impl GeometryError {
    /// A change that mends this error, where there is an obvious one.
    pub fn repair(&self) -> Option<Repair> {
        match self {
            Self::Window { repair, .. }
            | Self::Ending { repair, .. }
            | Self::From { repair, .. }
            | Self::Residual { repair, .. } => Some(repair.clone()),
            Self::NeedsFeatures { .. } => Some(Repair::InsertFlatten),
            Self::NeedsMaps { .. } => Some(Repair::Remove),
            Self::PoolPadding { .. } => Some(Repair::NoPadding),
            Self::Groups { .. } => Some(Repair::OneGroup),
            Self::OwnStatistics => Some(Repair::TrackRunningStats),
            Self::Input { .. }
            | Self::Zero { .. }
            | Self::Huge { .. }
            | Self::Number { .. }
            | Self::TooLarge { .. } => None,
        }
    }
}

impl std::fmt::Display for Repair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InsertFlatten => write!(f, "insert Flatten"),
            Self::Remove => write!(f, "remove this layer"),
            Self::Padding { padding } => write!(f, "padding {}", Pair::from(*padding)),
            Self::KernelSize { kernel_size } => write!(f, "kernel_size {}", Pair::from(*kernel_size)),
            Self::NoPadding => write!(f, "padding 0"),
            Self::OneGroup => write!(f, "groups 1"),
            Self::From { from } => write!(f, "from {from}"),
            Self::TrackRunningStats => write!(f, "track_running_stats"),
            Self::OutFeatures { out_features, .. } => write!(f, "out_features {out_features}"),
            Self::AppendFlatten => write!(f, "append Flatten"),
            Self::AppendClassifier { flatten: true, out_features } => {
                write!(f, "append Flatten and Linear({out_features})")
            }
            Self::AppendClassifier { flatten: false, out_features } => {
                write!(f, "append Linear({out_features})")
            }
        }
    }
}

impl Repair {
    /// The network with the change made at the layer that the error names.
    pub fn apply(&self, model: &ModelSpec, layer_idx: usize) -> ModelSpec {
        let mut model = model.clone();
        let layers = &mut model.layers;
        match self {
            Self::InsertFlatten => model.insert_layer(layer_idx, LayerSpec::Flatten),
            Self::Remove => model.remove_layer(layer_idx),
            Self::AppendFlatten => layers.push(LayerSpec::Flatten),
            Self::AppendClassifier { flatten, out_features } => {
                if *flatten {
                    layers.push(LayerSpec::Flatten);
                }
                layers.push(LayerSpec::Linear(Linear { out_features: *out_features, bias: true }));
            }
            Self::OutFeatures { layer_idx, out_features } => {
                if let Some(LayerSpec::Linear(linear)) = layers.get_mut(*layer_idx) {
                    linear.out_features = *out_features;
                }
            }
            Self::Padding { .. }
            | Self::KernelSize { .. }
            | Self::NoPadding
            | Self::OneGroup
            | Self::From { .. }
            | Self::TrackRunningStats => {
                if let Some(layer) = layers.get_mut(layer_idx) {
                    self.set_argument(layer);
                }
            }
        }
        model
    }

    fn set_argument(&self, layer: &mut LayerSpec) {
        match (self, layer) {
            (Self::Padding { padding }, LayerSpec::Conv2d(conv)) => conv.padding = (*padding).into(),
            (Self::OneGroup, LayerSpec::Conv2d(conv)) => conv.groups = 1,
            (Self::From { from }, LayerSpec::Residual(residual)) => residual.from = *from,
            (Self::TrackRunningStats, LayerSpec::BatchNorm2d(norm)) => norm.track_running_stats = true,
            (Self::KernelSize { kernel_size }, LayerSpec::MaxPool2d(pool)) => {
                (pool.kernel_size, pool.padding) = ((*kernel_size).into(), 0.into());
            }
            (Self::KernelSize { kernel_size }, LayerSpec::AvgPool2d(pool)) => {
                (pool.kernel_size, pool.padding) = ((*kernel_size).into(), 0.into());
            }
            (Self::NoPadding, LayerSpec::MaxPool2d(pool)) => pool.padding = 0.into(),
            (Self::NoPadding, LayerSpec::AvgPool2d(pool)) => pool.padding = 0.into(),
            _ => {}
        }
    }
}

fn range(least: f32, most: f32) -> String {
    match (least, most) {
        (f32::MIN, f32::MAX) => "a finite number".to_owned(),
        (_, f32::MAX) => format!("a finite number of at least {least}"),
        _ => format!("between {least} and {most}"),
    }
}
